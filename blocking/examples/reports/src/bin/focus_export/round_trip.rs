//! From lines to both files and back.

use std::{fs::File, path::Path};

use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use proptest::{prelude::*, sample::select};
use rust_decimal::Decimal;
use serde_json::{Value as Object, json};
use tc3_blocking::{Month, core::types::jiff::Timestamp};
use tc3_example_reports::focus::{
    COLUMNS, Column, Commitments, Mapping, Row, Type, Value, Version, check,
};

use crate::{
    spool::{Spool, Spooled},
    table::Table,
};

/// What a row has, without the way in which a file writes it. `None` is null.
type Cells = Vec<Option<String>>;

fn cells_of(row: &Row, columns: &[&Column]) -> Cells {
    let cell = |column: &&Column| match (column.get)(row) {
        Value::Null => None,
        Value::Text(text) | Value::Json(text) => Some(text.to_owned()),
        Value::Decimal(number) => Some(number.normalize().to_string()),
        Value::Time(time) => Some(time.seconds().to_string()),
    };
    columns.iter().map(cell).collect()
}

fn from_parquet(path: &Path) -> Vec<Cells> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let cell = |field: &Field| match field {
        Field::Null => None,
        Field::Str(text) => Some(text.clone()),
        Field::Decimal(number) => {
            let bytes = number.data().try_into().unwrap();
            let (mut units, mut scale) = (i128::from_be_bytes(bytes), number.scale() as u32);
            while units % 10 == 0 && scale > 0 {
                units /= 10;
                scale -= 1;
            }
            Some(Decimal::from_i128_with_scale(units, scale).to_string())
        }
        Field::TimestampMillis(millis) => Some((millis / 1_000).to_string()),
        other => panic!("{other:?}"),
    };
    let row = |row: parquet::record::Row| row.get_column_iter().map(|(_, it)| cell(it)).collect();
    let rows = file.get_row_iter(None).unwrap();
    rows.map(|it| row(it.unwrap())).collect()
}

fn from_csv(path: &Path, columns: &[&Column]) -> Vec<Cells> {
    let cell = |(column, text): (&&Column, &str)| match column.kind {
        _ if text.is_empty() => None,
        Type::Text => {
            let digits = text.strip_prefix("id:");
            let digits = digits.filter(|it| it.bytes().all(|it| it.is_ascii_digit()));
            Some(digits.unwrap_or(text).to_owned())
        }
        Type::Json => Some(text.to_owned()),
        Type::Decimal(_) => {
            let number: Decimal = text.parse().unwrap();
            Some(number.normalize().to_string())
        }
        Type::Time => {
            let time: Timestamp = text.parse().unwrap();
            Some(time.as_second().to_string())
        }
    };
    let mut file = csv::Reader::from_path(path).unwrap();
    let rows = file.records().map(|row| {
        let row = row.unwrap();
        columns.iter().zip(&row).map(cell).collect()
    });
    rows.collect()
}

/// What texts may hold: anything.
fn text() -> impl Strategy<Value = String> {
    let odd = select(
        &[
            "",
            "-",
            "100000000001",
            "=1+1",
            "\"a\",\r\n'b'",
            "\u{0}",
            "🙂",
            "名字",
            "{}",
            "null",
        ][..],
    );
    prop_oneof![odd.prop_map(str::to_owned), any::<String>()]
}

prop_compose! {
    fn line()(
        action in select(&["postpay_deduct_h", "prepay_purchase", "recon_deduct", "svp_hour_pay"][..]),
        texts in prop::array::uniform12(text()),
        tags in prop::collection::vec((text(), text()), 0..4),
        amounts in prop::collection::vec((-1_000_000_000_000_i64..1_000_000_000_000, 0_i64..3), 1..3),
    ) -> Object {
        let amount = |(real, voucher): &(i64, i64)| {
            let [cost, cash] = [real + real, real - voucher];
            let all = [*real, *voucher, cost, cash];
            let [real, voucher, cost, cash] = all.map(|it| Decimal::new(it, 8).to_string());
            json!({
                "RealCost": real, "VoucherPayAmount": voucher, "CashPayAmount": cash,
                "Cost": cost, "UsedAmount": "3", "ItemCode": texts[0],
                "ItemCodeName": texts[1], "ComponentCodeName": texts[2], "PriceUnit": texts[3],
            })
        };
        let tag = |(key, value): &(String, String)| json!({"TagKey": key, "TagValue": value});
        json!({
            "Id": "1", "PayerUin": "100000000001", "ActionType": action,
            "FeeBeginTime": "2024-01-15 10:00:00", "FeeEndTime": "2024-03-15 10:00:00",
            "ResourceId": texts[4], "ResourceName": texts[5], "BusinessCode": texts[6],
            "BusinessCodeName": texts[7], "OrderId": texts[8], "ProjectName": texts[9],
            "RegionId": texts[10], "PriceInfo": [texts[11]],
            "Tags": tags.iter().map(tag).collect::<Vec<_>>(),
            "ComponentSet": amounts.iter().map(amount).collect::<Vec<_>>(),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_back_of_either_file_is_the_rows(lines in prop::collection::vec(line(), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let month = Month::new(2024, 1).unwrap();
        let mut spool = Spool::unnamed(folder.path()).unwrap();
        let (first, second) = lines.split_at(lines.len() / 2);
        for page in [first, second] {
            spool.append(page.iter().map(|line| Spooled::new(0, month, line))).unwrap();
        }
        let read = || spool.lines().unwrap().map(|line| line.unwrap().read().unwrap());
        let mut commitments = Commitments::default();
        read().for_each(|line| commitments.add(&line));
        let months = month..=month.plus(2).unwrap();
        let mut mapping = Mapping::new(Vec::new(), months, commitments);
        let mut rows = Vec::new();
        for line in read() {
            rows.extend(mapping.rows(&line).unwrap());
        }
        rows.extend(mapping.end_of_month(0, month));
        for row in &rows {
            prop_assert_eq!(check(row), Ok(()));
        }
        for version in [Version::V1_0, Version::V1_2] {
            let columns: Vec<_> = COLUMNS.iter().filter(|it| it.is_in(version)).collect();
            let expected: Vec<_> = rows.iter().map(|row| cells_of(row, &columns)).collect();
            let paths = ["rows.parquet", "rows.csv"].map(|name| folder.path().join(name));
            let [parquet, csv] = paths.each_ref().map(|path| File::create(path).unwrap());
            let tables = [Table::parquet(parquet, version), Table::csv(csv, version)];
            for table in tables {
                let mut table = table.unwrap();
                rows.iter().for_each(|row| table.push(row).unwrap());
                table.finish().unwrap();
            }
            prop_assert_eq!(from_parquet(&paths[0]), expected.clone());
            prop_assert_eq!(from_csv(&paths[1], &columns), expected);
        }
    }
}
