"""Reads exports of FOCUS with others' tools: what the validator said of 1.0.csv; that 1.2.csv and 1.2.parquet hold the
same rows; and each query of the documentation. Usage: focus.py FOLDER FOCUS.md"""

import os
import re
import sys

import duckdb

# Rules of the validator 1.0.0 that no file can pass.
MAY_FAIL = {
    # FOCUS 1.0 calls these columns InvoiceIssuerName, ProviderName, PublisherName and ResourceId.
    "InvoiceIssuer_Required",
    "Provider_Required",
    "Publisher_Required",
    "ResourceID_Required",
    # It asks for a column ChargeType, which FOCUS 1.0 doesn't have.
    "SkuPriceId_Nullable",
}

folder, docs = sys.argv[1], os.path.abspath(sys.argv[2])
os.chdir(folder)

with open("validated") as file:
    validated = file.read()
assert "Validation" in validated or "Errors encountered" in validated, validated
failed = set(re.findall(r"^(\w+) failed:$", validated, re.MULTILINE))
assert failed == MAY_FAIL, failed ^ MAY_FAIL
print(f"the validator 1.0.0 passes all but {len(failed)} rules, which no file can pass")

db = duckdb.connect()
db.execute("CREATE VIEW parquet AS SELECT * FROM '1.2.parquet'")
kinds = {row[0]: row[1] for row in db.execute("DESCRIBE parquet").fetchall()}
assert not {"DOUBLE", "FLOAT", "REAL"} & set(kinds.values()), kinds
columns = ", ".join(f"'{column}': 'VARCHAR'" for column in kinds)
db.execute(f"CREATE VIEW csv AS SELECT * FROM read_csv('1.2.csv', header=true, columns={{{columns}}})")


def typed(column, kind):
    """A column as CSV has it, in the type that Parquet has."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        assert_utc = f"(regexp_full_match({column}, '\\d+-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ') OR {column} IS NULL)"
        wrong = db.execute(f"SELECT count(*) FROM csv WHERE NOT {assert_utc}").fetchone()[0]
        assert wrong == 0, column
    # A text of digits alone has a prefix in CSV.
    text = f"regexp_replace({column}, '^id:(\\d+)$', '\\1')"
    return f"CAST(nullif({text}, '') AS {kind}) AS {column}"


same = ", ".join(typed(column, kind) for column, kind in kinds.items())
for one, other in [("FROM parquet", f"SELECT {same} FROM csv"), (f"SELECT {same} FROM csv", "FROM parquet")]:
    left = db.execute(f"SELECT count(*) FROM ({one} EXCEPT ALL {other})").fetchone()[0]
    assert left == 0, f"{left} rows are in one file alone"
rows = db.execute("SELECT count(*) FROM parquet").fetchone()[0]
print(f"DuckDB reads the same {rows} rows from CSV and Parquet")

# Costs that are paid, and credits, make the bill; what is paid for a time is spread over it.
billed, paid = db.execute(
    "SELECT sum(BilledCost), sum(x_CashPayAmount) + sum(x_TransferPayAmount) FROM parquet"
).fetchone()
assert billed == paid, (billed, paid)

os.symlink("1.2.parquet", "focus.parquet")
with open(docs) as file:
    queries = re.findall(r"^```sql\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
assert len(queries) >= 3, len(queries)
for query in queries:
    found = db.execute(query).fetchall()
    assert found, query
print(f"DuckDB answers the {len(queries)} documented queries")
