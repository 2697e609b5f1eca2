"""Reads exports with DuckDB: NAME.csv and NAME.parquet hold the same rows, as many as the export told."""

import json
import sys

import duckdb

COLUMNS = [
    ("ProxyOrganizationOpenId", "VARCHAR"),
    ("FlowId", "VARCHAR"),
    ("OperatorName", "VARCHAR"),
    ("CreateOrganizationName", "VARCHAR"),
    ("FlowName", "VARCHAR"),
    ("FlowStatus", "VARCHAR"),
    ("QuotaType", "VARCHAR"),
    ("UseCount", "BIGINT"),
    ("CostTime", "TIMESTAMP WITH TIME ZONE"),
    ("QuotaName", "VARCHAR"),
    ("CostType", "BIGINT"),
    ("Remark", "VARCHAR"),
]


def compare(name):
    db = duckdb.connect()
    db.execute(f"CREATE VIEW parquet AS SELECT * FROM read_parquet('{name}.parquet')")
    # As CSV has it: instants in Unix seconds, and an absent text is an empty one.
    types = {column: "VARCHAR" if kind == "VARCHAR" else "BIGINT" for column, kind in COLUMNS}
    db.execute(f"CREATE VIEW csv AS SELECT * FROM read_csv('{name}.csv', header=true, columns={types})")

    kinds = [(row[0], row[1]) for row in db.execute("DESCRIBE parquet").fetchall()]
    assert kinds == COLUMNS, kinds
    for ending in ["csv", "parquet"]:
        with open(f"{name}.{ending}.told") as told:
            told = json.load(told)
        read = db.execute(f"SELECT count(*), sum(UseCount) FROM {ending}").fetchone()
        assert read == (told["records"], told["use_count"]), (ending, read, told)
    assert read[0] > 1_000 and read[1] > 0, read

    flat = ", ".join(
        f"coalesce({column}, '')" if kind == "VARCHAR"
        else f"epoch({column})::BIGINT" if column == "CostTime"
        else column
        for column, kind in COLUMNS
    )
    same = flat.replace("epoch(CostTime)::BIGINT", "CostTime")
    for one, other in [(f"SELECT {flat} FROM parquet", f"SELECT {same} FROM csv")]:
        for a, b in [(one, other), (other, one)]:
            left = db.execute(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchone()[0]
            assert left == 0, f"{left} rows of {name} are in one file alone"

    # A use without a contract has none of its fields: null, which is not an empty text.
    auth = "QuotaType LIKE '%Auth' OR QuotaType = 'AuthService'"
    nulls, empty = db.execute(
        f"SELECT count(*) FILTER (({auth}) != (FlowId IS NULL)), count(*) FILTER (Remark = '') FROM parquet"
    ).fetchone()
    assert nulls == 0 and empty > 0, (nulls, empty)
    return read


some, all_together = [compare(name) for name in sys.argv[1:]]
db = duckdb.connect()
whose = db.execute(
    f"SELECT DISTINCT ProxyOrganizationOpenId, CreateOrganizationName FROM '{sys.argv[1]}.parquet' ORDER BY ALL"
).fetchall()
assert whose == [
    ("org_binjiang", "滨江示例企业"),
    ("org_nanshan", "南山示例企业"),
    ("org_tianfu", "天府示例企业"),
], whose
for records, uses in [some, all_together]:
    print(f"DuckDB reads the same {records} rows, {uses} uses, from CSV and Parquet")
