/// A product's part that is sold: a line is of one.
#[derive(Debug)]
pub(crate) struct Goods {
    product: &'static str,
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// What ids of its resources begin with.
    pub(crate) id: &'static str,
    /// Whether its resources are in a zone.
    pub(crate) zonal: bool,
    /// Whether its prices are by contract, and no list price is shown.
    pub(crate) by_contract: bool,
    pub(crate) items: &'static [Item],
    pub(crate) price_info: &'static [&'static str],
}

/// What a component of a line is.
#[derive(Debug)]
pub(crate) struct Item {
    /// The code and the name of its type.
    pub(crate) kind: (&'static str, &'static str),
    /// Its own code and name.
    pub(crate) item: (&'static str, &'static str),
    pub(crate) unit: &'static str,
    /// One yuan buys so many units for a unit of time; a number of twos and fives alone.
    pub(crate) per_yuan: i64,
    /// Whether the price is for a hundred units.
    pub(crate) hundred: bool,
}

const fn item(
    kind: (&'static str, &'static str),
    item: (&'static str, &'static str),
    unit: &'static str,
    per_yuan: i64,
) -> Item {
    Item {
        kind,
        item,
        unit,
        per_yuan,
        hundred: false,
    }
}

/// The goods of a product. Every product has some.
pub(crate) fn goods(product: &str) -> &'static Goods {
    let known = GOODS.iter().find(|goods| goods.product == product);
    known.unwrap_or(&ROUNDING)
}

/// The line of the month's rounding.
pub(crate) static ROUNDING: Goods = Goods {
    product: ROUNDING_CODE,
    code: ROUNDING_CODE,
    name: ROUNDING_NAME,
    id: "",
    zonal: false,
    by_contract: false,
    items: &[item(
        (ROUNDING_CODE, ROUNDING_NAME),
        (ROUNDING_CODE, ROUNDING_NAME),
        "",
        1,
    )],
    price_info: &[],
};
pub(crate) const ROUNDING_CODE: &str = "billVirtualId";
pub(crate) const ROUNDING_NAME: &str = "月度计费精度差异";

static GOODS: [Goods; 13] = [
    Goods {
        product: "p_cvm",
        code: "sp_cvm_s2",
        name: "云服务器CVM-标准型S2",
        id: "ins-",
        zonal: true,
        by_contract: false,
        items: &[
            item(
                ("virtual_v_cvm_compute", "运算组件"),
                ("virtual_v_cvm_compute_s2", "运算组件-标准型S2-2核4G"),
                "个",
                5,
            ),
            item(
                ("v_cvm_bandwidth", "带宽"),
                ("sv_cvm_bandwidth_prepay", "带宽-按带宽"),
                "个",
                20,
            ),
            item(
                ("v_cvm_rootdisk", "系统盘"),
                ("sv_cvm_rootdisk_cbspremium", "系统盘-高性能云硬盘"),
                "GB",
                2_000,
            ),
        ],
        price_info: &["操作系统: linux", "连续使用时长T: 不分阶梯", "平台: 云平台"],
    },
    Goods {
        product: "p_cbs",
        code: "sp_cbs_premium",
        name: "云硬盘CBS-高性能云硬盘",
        id: "disk-",
        zonal: true,
        by_contract: false,
        items: &[item(
            ("v_cbs_memspace", "存储空间"),
            ("sv_cbs_memspace_premium", "存储空间-高性能云硬盘"),
            "GB",
            2_000,
        )],
        price_info: &["高性能云硬盘"],
    },
    Goods {
        product: "p_cos",
        code: "sp_cos_std",
        name: "COS 标准存储",
        id: "bucket-",
        zonal: false,
        by_contract: false,
        items: &[
            item(
                ("v_cos_storage", "存储容量"),
                ("sv_cos_storage_std", "标准存储容量"),
                "GB",
                250,
            ),
            item(
                ("v_cos_flux", "流量"),
                ("sv_cos_flux_out", "外网下行流量"),
                "GB",
                2,
            ),
        ],
        price_info: &["第一阶梯"],
    },
    Goods {
        product: "p_clb",
        code: "sp_clb",
        name: "负载均衡CLB",
        id: "lb-",
        zonal: false,
        by_contract: false,
        items: &[Item {
            kind: ("v_clb_instance", "实例"),
            item: ("sv_clb_instance", "负载均衡CLB-实例"),
            unit: "个",
            per_yuan: 2,
            hundred: true,
        }],
        price_info: &[],
    },
    Goods {
        product: "p_cdb",
        code: "sp_cdb_master",
        name: "云数据库MySQL-主实例",
        id: "cdb-",
        zonal: true,
        by_contract: false,
        items: &[
            item(
                ("v_cdb_mem", "内存"),
                ("sv_cdb_mem_master", "内存-主实例"),
                "GB",
                4,
            ),
            item(
                ("v_cdb_disk", "硬盘"),
                ("sv_cdb_disk_master", "硬盘-主实例"),
                "GB",
                1_000,
            ),
        ],
        price_info: &["连续使用时长T: T≤96小时"],
    },
    Goods {
        product: "p_redis",
        code: "sp_redis_single",
        name: "云数据库Redis-标准版",
        id: "crs-",
        zonal: true,
        by_contract: true,
        items: &[item(
            ("v_redis_mem", "内存"),
            ("sv_redis_mem_single", "内存-标准版"),
            "GB",
            20,
        )],
        price_info: &[],
    },
    Goods {
        product: "p_cdn",
        code: "sp_cdn_ov",
        name: "中国境外CDN",
        id: "125391_sv_cdn_ux_AS1_",
        zonal: false,
        by_contract: false,
        items: &[item(
            ("v_cdn", "流量"),
            ("sv_cdn_ux", "流量-亚太一区"),
            "GB",
            5,
        )],
        price_info: &["计费区域：亚太一区"],
    },
    Goods {
        product: "p_ci",
        code: "sp_ci_pkg_im_com",
        name: "数据万象CI-图片处理",
        id: "ci-",
        zonal: false,
        by_contract: false,
        items: &[item(
            ("v_ci_im", "图片处理"),
            ("sv_ci_im_com", "图片处理-基础"),
            "GB",
            40,
        )],
        price_info: &[],
    },
    Goods {
        product: "p_rav",
        code: "sp_rav_audio_video",
        name: "实时音视频-音视频时长",
        id: "14000",
        zonal: false,
        by_contract: false,
        items: &[item(
            ("v_rav_audio_video_custom", "音视频时长"),
            ("sv_rav_audio_video_custom_free", "音视频时长-自定义"),
            "个",
            100,
        )],
        price_info: &[],
    },
    Goods {
        product: "p_svp",
        code: "sp_svp",
        name: "节省计划",
        id: "svp-",
        zonal: false,
        by_contract: false,
        items: &[item(
            ("v_svp", "节省计划"),
            ("sv_svp_common", "节省计划-通用"),
            "个",
            1,
        )],
        price_info: &[],
    },
    Goods {
        product: "p_sms",
        code: "sp_sms",
        name: "短信-国内短信",
        id: "sms-",
        zonal: false,
        by_contract: false,
        items: &[item(
            ("v_sms", "短信条数"),
            ("sv_sms_domestic", "短信条数-国内"),
            "个",
            20,
        )],
        price_info: &[],
    },
    Goods {
        product: "p_ai_image_ocr",
        code: "sp_ocr",
        name: "OCR文字识别-通用",
        id: "ocr-",
        zonal: false,
        by_contract: false,
        items: &[item(
            ("v_ocr", "调用次数"),
            ("sv_ocr_general", "调用次数-通用印刷体"),
            "个",
            50,
        )],
        price_info: &["第三阶梯"],
    },
    Goods {
        product: "p_hunyuan",
        code: "sp_hunyuan",
        name: "腾讯混元大模型-后付费",
        id: "hunyuan-",
        zonal: false,
        by_contract: true,
        items: &[item(
            ("v_hunyuan_token", "输入"),
            ("sv_hunyuan_token_standard", "输入-标准"),
            "个",
            500,
        )],
        price_info: &[],
    },
];
