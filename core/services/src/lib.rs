#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
#![cfg_attr(
    feature = "billing",
    doc = r##"
## A bill's lines

An action is called and walked like those of `tc3-core`:

```
use tc3_core::{Action, Month, Paginate, pagination::Paging, types::BeijingSecond};
use tc3_services::billing::DescribeBillDetail;

let lines = DescribeBillDetail::new(0, 100).with_month(Month::new(2024, 2)?);
assert_eq!(serde_json::to_string(&lines)?, r#"{"Offset":0,"Limit":100,"Month":"2024-02"}"#);
assert_eq!((DescribeBillDetail::RATE, DescribeBillDetail::PAGING), (5, Paging::ItemOffset));
# Ok::<(), Box<dyn std::error::Error>>(())
```
"##
)]

#[cfg(feature = "billing")]
pub mod billing;
#[cfg(feature = "essbasic")]
pub mod essbasic;

pub use tc3_core::sts;
