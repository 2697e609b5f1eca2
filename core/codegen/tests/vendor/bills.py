"""The vendor's own Python SDK against the emulator's bills, and generated walks beside it.

Every answer is the same by POST and by GET, is read whole by the SDK's models, has the described members in their
described types, and is what generated types read. Its sums, as Decimal, are those of the details. What the service
refuses is refused with a code that the SDK knows.

Run it by ../vendor_sdk.sh, after check.py has built the program that walks.
"""

import argparse
import datetime
import logging
import pathlib
import sys

import check
import emulated
from bill_reader import FLAGS, LISTS, MANAGER, MEMBER, STRANGER, Reader
from bill_sums import (
    OVERVIEWS,
    SUMMARIES,
    check_costs,
    check_lines,
    check_money,
    check_organization,
    check_summaries,
)

MONTHS = ("2024-01", "2024-02", "2025-12")
ACTIONS = (*LISTS, *OVERVIEWS, "DescribeBillSummaryByTag", *SUMMARIES, "DescribeAccountBalance")


def check_refusals(reader):
    month = {"Month": "2024-01"}
    page = {"Offset": 0, "Limit": 10}
    future = f"{datetime.date.today() + datetime.timedelta(40):%Y-%m}"
    wrong, foreign = "InvalidParameterValue", "AuthFailure.UnauthorizedOperation"
    for action, (_, largest, _) in LISTS.items():
        offset = int(action.startswith("DescribeVoucher"))
        whose = {"VoucherId": "V"} if action == "DescribeVoucherUsageDetails" else month if not offset else {}
        for limit in (largest + 1, 0):
            reader.refused(wrong, action, **whose, Offset=offset, Limit=limit)
        if not offset:
            reader.refused(wrong, action, Month=future, **page)
    details = ("DescribeBillDetail", "DescribeBillDetailForOrganization")
    months = {"BeginTime": "2024-01-01 00:00:00", "EndTime": "2024-02-29 23:59:59"}
    for action in (*details, "DescribeCostDetail"):
        reader.refused(wrong, action, **page, **months)
        reader.refused("MissingParameter", action, **page)
        reader.refused("MissingParameter", action, **page, BeginTime="2024-01-01 00:00:00")
    other = reader.read("DescribeBillDetail", Month="2024-02", **page)["Context"]
    for action in details:
        for context in (other, "no-context"):
            reader.refused(wrong, action, **month, **page, Context=context)
        reader.refused(wrong, action, **month, **page, PayMode="noPay")
        reader.refused(wrong, action, **month, **page, NeedRecordNum=2)
    for action in (*OVERVIEWS, "DescribeBillSummaryByTag"):
        tag_key = {"TagKey": "env"} if action == "DescribeBillSummaryByTag" else {}
        reader.refused(wrong, action, BeginTime="2024-01", EndTime="2024-02", **tag_key)
        reader.refused(wrong, action, BeginTime=future, EndTime=future, **tag_key)
        reader.refused(foreign, action, BeginTime="2024-01", EndTime="2024-01", PayerUin=STRANGER, **tag_key)
    for action in SUMMARIES:
        reader.refused(wrong, action, Month=future, GroupType="business")
        reader.refused(wrong, action, **month, GroupType="moon")
        reader.refused("FailedOperation.TagKeyNotExist", action, **month, GroupType="tag", TagKey=["no such key"])
    reader.refused(foreign, "DescribeBillSummary", **month, GroupType="business", PayerUin=STRANGER)
    for action in ("DescribeBillDetail", "DescribeBillResourceSummary"):
        reader.refused(foreign, action, **month, **page, PayerUin=STRANGER)
        # A member may not read what the manager pays.
        reader.refused(foreign, action, account=1, **month, **page, PayerUin=MANAGER)
    reader.refused("FailedOperation.InvalidVoucher", "DescribeVoucherUsageDetails", Offset=1, Limit=10, VoucherId="V")
    for action in ("DescribeVoucherInfo", "DescribeVoucherUsageDetails"):
        reader.refused(
            wrong, action, Offset=0, Limit=10, **({} if action == "DescribeVoucherInfo" else {"VoucherId": "V"})
        )


def check_not_ready(reader, target):
    """Where the sums are not computed yet, the SDK reads so, and generated types refuse the answer."""
    period = {"BeginTime": "2024-01", "EndTime": "2024-01"}
    requests = {action: period for action in OVERVIEWS}
    requests["DescribeBillSummaryByTag"] = {**period, "TagKey": "env"}
    requests |= {action: {"Month": "2024-01", "GroupType": "business"} for action in SUMMARIES}
    for action, request in requests.items():
        answer = reader.read(action, **request)
        rows = answer["SummaryDetail" if action in SUMMARIES else "SummaryOverview"]
        reader.fail_unless(answer["Ready"] == 0 and not rows and not answer.get("SummaryTotal"), f"{action}: {answer}")
    cases = [case for case, suffix, *_ in reader.cases if suffix]
    for case, ours in zip(cases, check.drive(target, cases)):
        reader.counts["answers that are not ready"] += 1
        reader.fail_unless("SummaryDataNotReady" in ours.get("error", ""), f"{case['action']}: {ours}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("tccli", "codegen", "target", "emulator"):
        arguments.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = arguments.parse_args()
    target = arguments.target.resolve()
    logging.disable()
    [description] = check.descriptions(arguments.tccli, {"billing"})
    counts = check.Counts()

    process, address = emulated.emulator(arguments.emulator, [], *FLAGS)
    reader = Reader(description, arguments.codegen, address, counts)
    lines_by_month = {}
    for month in MONTHS:
        lines = lines_by_month[month] = check_lines(reader, month)
        check_summaries(reader, month, lines)
        check_organization(reader, month, lines)
        check_costs(reader, month, lines)
    of_member = reader.records("DescribeBillDetail", Month=MONTHS[0], PayerUin=MEMBER)
    check_summaries(reader, MONTHS[0], of_member, PayerUin=MEMBER)
    check_money(reader, lines_by_month)
    check_refusals(reader)
    reader.compare(target)
    reader.print_never_seen(ACTIONS)
    process.stdin.close()
    process.wait()

    process, address = emulated.emulator(arguments.emulator, [], *FLAGS, "--fault", "not-ready@1..")
    check_not_ready(Reader(description, arguments.codegen, address, counts), target)
    process.stdin.close()
    process.wait()

    for name in sorted(counts):
        print(f"{name}: {counts[name]}")
    if counts["failures"]:
        sys.exit(f"{counts['failures']} failures")


if __name__ == "__main__":
    main()
