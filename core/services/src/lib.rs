#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    feature = "billing",
    doc = r##"
## A bill's lines

An action is called and walked like those of `tc3-core`:

```
use tc3_core::{Action, Month, Paginate, Yuan, pagination::Paging};
use tc3_services::billing::{DescribeBillDetail, DescribeBillDetailResponse};

// All lines of a month: `client.items(lines)`.
let lines = DescribeBillDetail::new().with_month(Month::new(2024, 2)?);
assert_eq!(serde_json::to_string(&lines)?, r#"{"Offset":0,"Limit":300,"Month":"2024-02"}"#);
assert_eq!((DescribeBillDetail::RATE, DescribeBillDetail::PAGING), (5, Paging::ItemOffset));

// A line has components, and these have the amounts.
let answer: DescribeBillDetailResponse = serde_json::from_str(
    r#"{"DetailSet": [{"ComponentSet": [{"RealCost": "1.01014976"}, {"RealCost": "0.2"}]}]}"#,
)?;
let components = answer.detail_set.iter().flat_map(|line| &line.component_set);
let paid: Option<Yuan> = components.filter_map(|it| it.real_cost).sum();
assert_eq!(paid.unwrap().to_string(), "1.21014976");
# Ok::<(), Box<dyn std::error::Error>>(())
```
"##
)]

// Written by ./generate, from here
#[cfg(feature = "billing")]
pub mod billing;
#[cfg(feature = "essbasic")]
pub mod essbasic;
// to here.

pub use tc3_core::sts;
