use alloc::{
    format,
    string::{String, ToString},
};

use super::goods::Goods;
use crate::emulator::ledger::Random;

/// How many resources a product has of either pay mode, so that some occur in several lines.
const RESOURCES: u64 = 40;

/// A region or an area of prices.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) id: u32,
    pub(crate) name: &'static str,
    /// The code and the name of its `RegionType`.
    pub(crate) kind: (&'static str, &'static str),
    zones: &'static [&'static str],
}

const DOMESTIC: (&str, &str) = ("domestic", "国内");
const INTERNATIONAL: (&str, &str) = ("international", "国际");
const OTHER: (&str, &str) = ("other", "其他");

static REGIONS: [Region; 5] = [
    Region {
        id: 1,
        name: "华南地区（广州）",
        kind: DOMESTIC,
        zones: &["广州三区", "广州四区"],
    },
    Region {
        id: 4,
        name: "华东地区（上海）",
        kind: DOMESTIC,
        zones: &["上海二区"],
    },
    Region {
        id: 8,
        name: "华北地区（北京）",
        kind: DOMESTIC,
        zones: &["北京三区"],
    },
    Region {
        id: 33,
        name: "华东地区（南京）",
        kind: DOMESTIC,
        zones: &["南京一区"],
    },
    Region {
        id: 9,
        name: "东南亚地区（新加坡）",
        kind: INTERNATIONAL,
        zones: &["新加坡一区"],
    },
];
/// Of products that are in no region.
pub(crate) static ELSEWHERE: Region = Region {
    id: 0,
    name: "其他",
    kind: OTHER,
    zones: &[],
};
static OTHERS: Region = Region {
    id: 47,
    name: "其他地区（其他）",
    kind: OTHER,
    zones: &[],
};
static ASIA_PACIFIC: Region = Region {
    id: 1001,
    name: "亚太地区（亚太一区）",
    kind: INTERNATIONAL,
    zones: &[],
};

/// The id and the name of a project.
pub(crate) type Project = (i64, &'static str);
pub(crate) const DEFAULT_PROJECT: Project = (0, "默认项目");
const PROJECTS: [Project; 4] = [
    DEFAULT_PROJECT,
    (1_161_824, "商城"),
    (1_178_116, "开放平台"),
    (1_229_753, "数据平台 \"湖\""),
];

pub(crate) fn project_name(id: i64) -> &'static str {
    let known = PROJECTS.iter().find(|(known, _)| *known == id);
    known.unwrap_or(&DEFAULT_PROJECT).1
}

/// The keys of cost-allocation tags.
pub(crate) const TAG_KEYS: [&str; 3] = ["env", "业务", "cost center"];
const TAG_VALUES: [&[&str]; 3] = [
    &["prod", "test"],
    &["支付", "搜索", "推荐"],
    &["", "C-100", "C,200"],
];

/// The value of each of [`TAG_KEYS`].
pub(crate) type Tags = [Option<&'static str>; 3];

/// What a line is for.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) region: &'static Region,
    pub(crate) zone: &'static str,
    pub(crate) project: Project,
    pub(crate) tags: Tags,
    /// The number of the member that uses it; 0 is the payer.
    pub(crate) owner: u64,
    /// Its discount in millionths.
    pub(crate) discount: i64,
}

/// The discounts of resources in millionths.
const DISCOUNTS: [i64; 7] = [
    1_000_000, 800_000, 650_000, 900_000, 680_405, 325_825, 750_000,
];
/// The discount of subscriptions of several months. A cost at it can be a multiple of 3.
pub(crate) const LONG_DISCOUNT: i64 = 325_825;

impl Resource {
    /// One of a product's resources: lines whose numbers differ by a multiple of [`RESOURCES`] have the same.
    pub(crate) fn new(seed: u64, goods: &Goods, dozen: u64, prepaid: bool) -> Self {
        let number = match goods.code {
            // An account has one savings plan.
            "sp_svp" => 0,
            _ => dozen % RESOURCES,
        };
        let mut random = Random::new(
            seed,
            goods.code,
            number.wrapping_mul(2) | u64::from(prepaid),
        );
        let mut pick = |end: usize| {
            let end = u64::try_from(end).unwrap_or(1);
            usize::try_from(random.below(end)).unwrap_or_default()
        };
        let region = match goods.code {
            "sp_cdn_ov" => &ASIA_PACIFIC,
            "sp_sms" => &OTHERS,
            "sp_svp" | "sp_ocr" | "sp_hunyuan" => &ELSEWHERE,
            _ => REGIONS.get(pick(REGIONS.len())).unwrap_or(&ELSEWHERE),
        };
        let zone = region.zones.get(pick(region.zones.len()));
        let project = PROJECTS.get(pick(PROJECTS.len()));
        let tags = TAG_VALUES.map(|values| {
            // Half of the resources have it.
            values.get(pick(values.len().saturating_mul(2))).copied()
        });
        let owner = pick(8);
        let discount = DISCOUNTS.get(pick(DISCOUNTS.len())).copied();
        let id = match goods.id {
            numbered if numbered.ends_with(|it: char| it.is_ascii_digit() || it == '_') => {
                format!("{numbered}{}{:02}", u8::from(prepaid), number)
            }
            prefix => {
                let mut letters = Random::new(
                    seed,
                    "resource",
                    u64::try_from(pick(1 << 30)).unwrap_or_default(),
                );
                let letters: String = (0..6).map(|_| letter(letters.below(36))).collect();
                format!("{prefix}{letters}{number:02}")
            }
        };
        let name = match pick(4) {
            0 => String::new(),
            1 => "未命名".to_string(),
            2 => id.clone(),
            _ => format!("{}-{number}", goods.name),
        };
        Self {
            name,
            id,
            region,
            zone: zone.filter(|_| goods.zonal).copied().unwrap_or("其他"),
            project: project.copied().unwrap_or(DEFAULT_PROJECT),
            tags,
            // Two members of the organisation use every fourth.
            owner: if owner < 2 {
                u64::try_from(owner).unwrap_or_default().saturating_add(1)
            } else {
                0
            },
            discount: discount.unwrap_or(1_000_000),
        }
    }
}

impl Resource {
    /// The number of its zone; 0 without one.
    pub(crate) fn zone_id(&self) -> u64 {
        let zone = ZONES.iter().find(|(name, _)| *name == self.zone);
        zone.map_or(0, |(_, id)| *id)
    }
}

const ZONES: [(&str, u64); 6] = [
    ("广州三区", 100_003),
    ("广州四区", 100_004),
    ("上海二区", 200_002),
    ("北京三区", 800_003),
    ("南京一区", 330_001),
    ("新加坡一区", 900_001),
];

fn letter(number: u64) -> char {
    let digit = u32::try_from(number).unwrap_or_default();
    char::from_digit(digit, 36).unwrap_or('a')
}
