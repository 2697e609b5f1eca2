/// What a line charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Charge {
    Hour,
    Day,
    Month,
    /// A spot instance, by the second.
    Spot,
    Purchase,
    Renewal,
    /// A subscription that is given back.
    Return,
    /// A subscription that becomes pay-as-you-go.
    ToPostpaid,
    /// The hourly fee of a savings plan.
    SavingsPlan,
    /// The hourly fee of a reserved instance.
    Reserved,
    /// The part of a capacity reservation that nothing uses.
    IdleReservation,
    Debit,
    Compensation,
    /// The difference between the exact amounts and the debited ones.
    Rounding,
}

/// How a charge is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PayMode {
    Prepaid,
    Postpaid,
}

impl PayMode {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Prepaid => "prePay",
            Self::Postpaid => "postPay",
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Prepaid => "包年包月",
            Self::Postpaid => "按量计费",
        }
    }
}

/// The names by which a request asks for lines of one `ActionType`, in the order of the vendor's page.
pub(crate) const ACTION_NAMES: [&str; 28] = [
    "包年包月新购",
    "包年包月续费",
    "包年包月配置变更",
    "包年包月退款",
    "按量计费扣费",
    "线下项目扣费",
    "线下产品扣费",
    "调账扣费",
    "调账补偿",
    "按量计费小时结",
    "按量计费日结",
    "按量计费月结",
    "竞价实例小时结",
    "线下项目调账补偿",
    "线下产品调账补偿",
    "优惠扣费",
    "优惠补偿",
    "按量计费迁入资源",
    "按量计费迁出资源",
    "包年包月迁入资源",
    "包年包月迁出资源",
    "预付费用",
    "小时费用",
    "预留实例退款",
    "按量计费冲正",
    "包年包月转按量",
    "保底扣款",
    "节省计划小时费用",
];

impl Charge {
    /// The code and the name of its `ActionType`.
    pub(crate) const fn action(self) -> (&'static str, &'static str) {
        match self {
            Self::Hour | Self::IdleReservation => ("postpay_deduct_h", "按量计费小时结"),
            Self::Day => ("postpay_deduct_d", "按量计费日结"),
            Self::Month => ("postpay_deduct_m", "按量计费月结"),
            Self::Spot => ("postpay_deduct_s", "竞价实例小时结"),
            Self::Purchase => ("prepay_purchase", "包年包月新购"),
            Self::Renewal => ("prepay_renew", "包年包月续费"),
            Self::Return => ("prepay_return", "包年包月退款"),
            Self::ToPostpaid => ("pre_to_post", "包年包月转按量"),
            Self::SavingsPlan => ("svp_hour_pay", "节省计划小时费用"),
            Self::Reserved => ("ri_hour_pay", "小时费用"),
            Self::Debit => ("recon_deduct", "调账扣费"),
            Self::Compensation => ("recon_increase", "调账补偿"),
            Self::Rounding => ("billVirtualId", "月度计费精度差异"),
        }
    }

    pub(crate) const fn pay_mode(self) -> PayMode {
        match self {
            Self::Purchase | Self::Renewal | Self::Return | Self::ToPostpaid => PayMode::Prepaid,
            _ => PayMode::Postpaid,
        }
    }

    /// The `PayType` by which a summary of products asks for it.
    pub(crate) const fn pay_type(self) -> &'static str {
        match self {
            Self::Return | Self::ToPostpaid => "refund",
            Self::Debit | Self::Compensation | Self::Rounding => "adjustment",
            _ => "consume",
        }
    }

    /// Its `InstanceType`.
    pub(crate) const fn instance_type(self) -> &'static str {
        match self {
            Self::Spot => "si",
            Self::SavingsPlan => "svp",
            Self::Reserved => "ri",
            Self::IdleReservation => "capacityReserve",
            _ => "",
        }
    }

    /// The name of its `InstanceType`.
    pub(crate) const fn instance_name(self) -> &'static str {
        match self {
            Self::Spot => "竞价实例",
            Self::SavingsPlan => "节省计划",
            Self::Reserved => "预留实例",
            Self::IdleReservation => "容量预留",
            _ => "-",
        }
    }

    /// The name of the unit of time in its prices.
    pub(crate) const fn time_unit(self) -> &'static str {
        match self {
            Self::Day => "天",
            Self::Month | Self::Purchase | Self::Renewal | Self::Return | Self::ToPostpaid => "月",
            Self::Spot => "秒",
            _ => "小时",
        }
    }

    /// The kind of a record's line, by the record's product, its place among those of the product, and the sign of its
    /// cost.
    pub(crate) fn of(product: &str, dozen: u64, sign: i64) -> Self {
        if product == "p_svp" {
            return Self::SavingsPlan;
        }
        if sign < 0 {
            let subscribed = matches!(product, "p_cvm" | "p_cbs" | "p_cdb");
            return match dozen % 3 {
                0 if subscribed => Self::Return,
                1 if subscribed => Self::ToPostpaid,
                _ => Self::Compensation,
            };
        }
        let of_sign = sign > 0;
        match (product, dozen % 10) {
            ("p_cvm", 1) | ("p_cbs" | "p_cdb", 2 | 7) if of_sign => Self::Purchase,
            ("p_cvm", 6) | ("p_cbs" | "p_cdb", 4 | 9) if of_sign => Self::Renewal,
            ("p_cvm", 2) => Self::Spot,
            ("p_cvm", 3) if of_sign => Self::Reserved,
            ("p_cvm", 7) => Self::IdleReservation,
            ("p_sms", 4) if of_sign => Self::Debit,
            ("p_cos" | "p_cdn" | "p_rav" | "p_ai_image_ocr" | "p_hunyuan", _) => Self::Day,
            ("p_ci" | "p_sms", _) | ("p_cbs", 5) => Self::Month,
            _ => Self::Hour,
        }
    }
}
