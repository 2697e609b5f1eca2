use super::text::Text;
use crate::{Member, Type};

/// Whether a member is the number of all records, by its name and its text.
pub(super) fn is_total(member: &Member) -> bool {
    let text = Text::new(&member.document);
    let name = member.name.to_ascii_lowercase();
    let surely = matches!(
        &*name,
        "totalcount"
            | "total"
            | "totalnum"
            | "totalcounts"
            | "totalnumber"
            | "totalcnt"
            | "totalrecords"
            | "totalrecord"
            | "totalrow"
            | "totalrows"
            | "totalitems"
            | "totalelements"
            | "total_count"
            | "totalrecordcount"
            | "totalrecordnum"
    );
    let perhaps = matches!(
        &*name,
        "count"
            | "num"
            | "length"
            | "size"
            | "recordnum"
            | "recordcount"
            | "allcount"
            | "recordscount"
            | "itemcount"
            | "listcount"
            | "sum"
            | "all"
            | "alltotal"
            | "number"
            | "totalitem"
    );
    let said = text.has_any(&[
        "总数",
        "总条数",
        "总量",
        "总记录",
        "总个数",
        "总共",
        "总计",
        "总的",
    ]);
    let excluded = text.has_any(&[
        "金额",
        "费用",
        "总价",
        "元)",
        "单位:元",
        "总页",
        "页数",
        "多少页",
        "页码",
        "当前页",
        "本页",
        "每页",
        "该页",
        "页大小",
        "本次",
        "单次",
        "当次",
        "此次",
        "预估",
        "估算",
        "估计",
        "大约",
        "约为",
        "近似",
        "等同",
        "不准",
        "不精确",
        "当页",
        "上限",
        "最大",
        "内部结果",
        "字节",
        "大小",
        "容量",
        "废弃",
        "弃用",
        "无效",
        "不返回",
        "才返回",
        "时返回",
        "时有值",
        "耗时",
        "配额",
        "缓存",
        "总和",
        "不代表",
        "<=limit",
        "长度",
        "列表元素",
        "列表条目",
        "列表项",
        "不影响",
        "不受过滤",
        "不受筛选",
        "不算筛选",
        "未过滤",
        "未筛选",
        "时有意义",
        "累计",
        "自增",
    ]) || text.has_any(&["返回", "显示", "获取", "结果个数"])
        && !said
        && !text.has_any(&["符合", "满足", "全部", "所有", "不受", "无关"])
        || text.has("最多") && !text.has_any(&["一次最多", "每次最多"])
        || text.has("次数") && !text.has("记录总数")
        || text.as_str().ends_with("id");
    let number = matches!(member.ty, Type::Integer { .. }) || text.has_any(&["数", "量"]);
    (surely || perhaps && said) && number && !excluded
}
