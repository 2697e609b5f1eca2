"""The sums of the emulator's bills, as Decimal: those of summaries are those of the details, for bills.py."""

import collections
import datetime
import json
from decimal import Decimal

import check
import emulated
from bill_reader import MANAGER, MEMBER

TAG_KEYS = ("env", "业务", "cost center")

PAID = ("CashPayAmount", "VoucherPayAmount", "IncentivePayAmount", "TransferPayAmount")
# A sum, and what it is called in a component of a line.
AMOUNTS = {"TotalCost": "Cost", "RealTotalCost": "RealCost"} | {name: name for name in PAID}
# What a line that the organisation's manager pays for a member doesn't tell.
NOT_FOR_ORGANIZATION = {"Id", "PayerUin", "RegionType", "RegionTypeName", "ReserveDetail", "DiscountObject"}
NOT_FOR_ORGANIZATION |= {"DiscountType", "DiscountContent", "ExtendField"}
# The summaries that are computed ahead: what names a row, and a line's member for it.
OVERVIEWS = {
    "DescribeBillSummaryByProduct": ("BusinessCode", "BusinessCode"),
    "DescribeBillSummaryByProject": ("ProjectId", "ProjectId"),
    "DescribeBillSummaryByRegion": ("RegionId", "RegionId"),
    "DescribeBillSummaryByPayMode": ("PayModeName", "PayModeName"),
}
SUMMARIES = ("DescribeBillSummary", "DescribeBillSummaryForOrganization")
GROUPS = {
    "business": ("GroupKey", "BusinessCode"),
    "project": ("GroupKey", "ProjectId"),
    "region": ("GroupKey", "RegionId"),
    "payMode": ("GroupValue", "PayModeName"),
}


def shown(amount):
    """An amount, which is nothing where none is shown."""
    return Decimal(0) if amount in (None, "", "-") else Decimal(amount)


def components(lines):
    return [component for line in lines for component in line["ComponentSet"]]


def sums(records, names=AMOUNTS):
    return {name: sum((shown(record[name]) for record in records), Decimal(0)) for name in names}


def sums_of_lines(lines, names=AMOUNTS):
    """The sums of lines by the names of a summary."""
    parts = components(lines)
    return {name: sum((shown(part[AMOUNTS[name]]) for part in parts), Decimal(0)) for name in names}


def by(records, *names):
    grouped = collections.defaultdict(list)
    for record in records:
        grouped[tuple(str(record[name]) for name in names)].append(record)
    return grouped


def tag(line, key):
    return next((tag["TagValue"] for tag in line["Tags"] if tag["TagKey"] == key), "")


def check_groups(reader, what, rows, keys, lines, keys_of_lines, off=Decimal(0)):
    """One row for each group of lines, with its sums; each may be off by so much."""
    rows, lines = by(rows, *keys), by(lines, *keys_of_lines)
    reader.fail_unless(rows.keys() == lines.keys(), f"{what}: {sorted(rows)}, not {sorted(lines)}")
    for key in rows.keys() & lines.keys():
        expected = sums_of_lines(lines[key])
        found = sums(rows[key])
        is_so = len(rows[key]) == 1 and all(abs(found[name] - expected[name]) <= off for name in AMOUNTS)
        reader.fail_unless(is_so, f"{what} of {key}: {found}, not {expected}")


def check_lines(reader, month):
    """All lines of a month, in every way to ask for them."""
    lines = reader.records("DescribeBillDetail", Month=month, NeedRecordNum=1)
    reader.fail_unless(len(lines) == emulated.RECORDS + 1, f"{len(lines)} lines in {month}")
    for part in components(lines):
        reader.fail_unless(
            shown(part["RealCost"]) == sum(shown(part[name]) for name in PAID), f"paid otherwise: {part}"
        )
    range = {"BeginTime": f"{month}-01 00:00:00", "EndTime": f"{month}-28 23:59:59"}
    for size, how in [(40, {"Month": month}), (69, {"Month": month, "NeedRecordNum": 0}), (138, range)]:
        same = reader.records("DescribeBillDetail", size, **how)
        reader.fail_unless(check.same(same, lines), f"other lines by {how}, {size} a page")
    filters = [
        ({"PayMode": "prePay"}, {"PayModeName": "包年包月"}),
        ({"ActionType": "按量计费小时结"}, {"ActionTypeName": "按量计费小时结"}),
        ({"BusinessCode": "p_cvm", "PayMode": "postPay"}, {"BusinessCode": "p_cvm", "PayModeName": "按量计费"}),
        ({"ProjectId": lines[0]["ProjectId"]}, {"ProjectId": lines[0]["ProjectId"]}),
        ({"ResourceId": lines[3]["ResourceId"]}, {"ResourceId": lines[3]["ResourceId"]}),
        ({"ActionType": "保底扣款"}, {"ActionTypeName": "保底扣款"}),
    ]
    for request, members in filters:
        found = reader.records("DescribeBillDetail", 10, Month=month, NeedRecordNum=1, **request)
        expected = [line for line in lines if all(line[name] == value for name, value in members.items())]
        reader.fail_unless(check.same(found, expected), f"other lines by {request}")
    of_member = reader.records("DescribeBillDetail", Month=month, PayerUin=MEMBER)
    own = reader.records("DescribeBillDetail", account=1, Month=month)
    reader.fail_unless(of_member and check.same(of_member, own), "a member reads other lines than who manages it")
    reader.fail_unless(all(line["PayerUin"] == MEMBER for line in own), "others pay for a member")
    return lines


def check_summaries(reader, month, lines, **whose):
    """The summaries of a month's lines."""
    period = {"BeginTime": month, "EndTime": month, **whose}
    for action, (key, key_of_line) in OVERVIEWS.items():
        answer = reader.read(action, **period)
        rows = answer["SummaryOverview"]
        check_groups(reader, action, rows, [key], lines, [key_of_line])
        reader.fail_unless(sums(rows) == sums_of_lines(lines), f"{action}: other sums in {month}")
        if "SummaryTotal" in answer:
            reader.fail_unless(sums([answer["SummaryTotal"]]) == sums(rows), f"{action}: another total")
        for row in rows if key == "PayModeName" else []:
            of_mode = [line for line in lines if line["PayModeName"] == row["PayModeName"]]
            check_groups(reader, f"{action}.Detail", row["Detail"], ["ActionType"], of_mode, ["ActionType"])
    by_type = [
        sums(reader.read("DescribeBillSummaryByProduct", PayType=kind, **period)["SummaryOverview"])
        for kind in ("consume", "refund", "adjustment")
    ]
    total = {name: sum(each[name] for each in by_type) for name in AMOUNTS}
    reader.fail_unless(total == sums_of_lines(lines), f"other sums by PayType in {month}")
    for key in TAG_KEYS:
        answer = reader.read("DescribeBillSummaryByTag", TagKey=key, **period)
        rows = answer["SummaryOverview"]
        tagged = [{**line, "value": tag(line, key)} for line in lines]
        check_groups(reader, f"the tag {key}", rows, ["TagValue"], tagged, ["value"])
        total = sums([answer["SummaryTotal"]], ["TotalCost", "RealTotalCost"])
        reader.fail_unless(total == sums(rows, total), f"the tag {key}: another total")
    check_summary(reader, "DescribeBillSummary", month, lines, **whose)
    resources = reader.records("DescribeBillResourceSummary", 50, Month=month, NeedRecordNum=1, **whose)
    keys = ["ResourceId", "ActionTypeName"]
    check_groups(reader, "resources", resources, keys, lines, keys)


def check_summary(reader, action, month, lines, **whose):
    """Sums in whole fen, each rounded by itself."""
    for group, (key, key_of_line) in GROUPS.items():
        rows = reader.read(action, Month=month, GroupType=group, **whose)["SummaryDetail"]
        check_groups(reader, f"{action} by {group}", rows, [key], lines, [key_of_line], Decimal("0.005"))
        groups = by(lines, key_of_line)
        for row in rows if group != "business" else []:
            codes = ["BusinessCode"]
            what = f"{action} by {group} and product"
            check_groups(reader, what, row["Business"], codes, groups[(row[key],)], codes, Decimal("0.005"))
    rows = reader.read(action, Month=month, GroupType="tag", TagKey=[*TAG_KEYS], **whose)["SummaryDetail"]
    tagged = [{"key": key, "value": tag(line, key), **line} for key in TAG_KEYS for line in lines]
    check_groups(
        reader, f"{action} by tag", rows, ["GroupKey", "GroupValue"], tagged, ["key", "value"], Decimal("0.005")
    )


def check_organization(reader, month, lines):
    """What the manager pays for members is among its own lines."""
    action = "DescribeBillDetailForOrganization"
    found = reader.records(action, 60, Month=month, NeedRecordNum=1)
    of_members = [line for line in lines if line["OwnerUin"] != MANAGER]
    expected = [
        {name: value for name, value in line.items() if name not in NOT_FOR_ORGANIZATION} for line in of_members
    ]
    reader.fail_unless(check.same(found, expected), f"{action}: other lines in {month}")
    of_one = reader.records(action, account=1, Month=month)
    expected = [line for line in expected if line["OwnerUin"] == MEMBER]
    reader.fail_unless(expected and check.same(of_one, expected), f"{action}: a member reads other lines in {month}")
    check_summary(reader, "DescribeBillSummaryForOrganization", month, of_members)
    resources = reader.records("DescribeBillResourceSummaryForOrganization", Month=month, NeedRecordNum=1)
    reader.fail_unless(sums(resources) == sums_of_lines(of_members), f"other sums of members' resources in {month}")


def check_costs(reader, month, lines):
    """Costs by day are those of the bill where they are paid by use, and costs by unit all are."""
    every = reader.records("DescribeCostDetail", Month=month, NeedRecordNum=1)
    days = [("01", "10"), ("11", "20"), ("21", f"{last_day(month)}")]
    some = []
    for first, last in days:
        range = {"BeginTime": f"{month}-{first} 00:00:00", "EndTime": f"{month}-{last} 23:59:59"}
        some += reader.records("DescribeCostDetail", **range)
    reader.fail_unless(
        sorted(map(json.dumps, some)) == sorted(map(json.dumps, every)), f"other costs by day in {month}"
    )
    names = [name for name in AMOUNTS if name != "TransferPayAmount"]
    by_use = [line for line in lines if line["PayModeName"] == "按量计费"]
    costs = reader.records("DescribeCostDetail", 30, Month=month, PayMode="postPay")
    reader.fail_unless(sums_of_lines(costs, names) == sums_of_lines(by_use, names), f"other costs by use in {month}")
    mode = by(every, "PayModeName")
    reader.fail_unless(check.same(costs, mode[("按量计费",)]), f"other costs by PayMode in {month}")
    reader.fail_unless(mode[("包年包月",)], f"no subscription in {month}")

    parts = reader.records("DescribeAllocationBillDetail", 90, Month=month)
    reader.fail_unless(len(parts) == len(components(lines)), f"{len(parts)} allocated in {month}")
    total = reader.read("DescribeAllocationBillDetail", Month=month, Offset=0, Limit=1)["Total"]
    names = [name for name in AMOUNTS if name != "TotalCost"]
    reader.fail_unless(sums([total], names) == sums(parts, names), f"another total is allocated in {month}")
    reader.fail_unless(sums(parts) == sums_of_lines(lines), f"other sums are allocated in {month}")
    of_lines = by(lines, "BillId", "ActionType", "ResourceId")
    allocated = by(parts, "BillId", "ActionType", "ResourceId")
    reader.fail_unless(of_lines.keys() == allocated.keys(), f"others are allocated in {month}")
    for key in of_lines.keys() & allocated.keys():
        reader.fail_unless(sums(allocated[key]) == sums_of_lines(of_lines[key]), f"other sums of {key} are allocated")
        orders = {name: order for name, order in of_lines[key][0]["AssociatedOrder"].items() if order}
        for part in allocated[key]:
            found = json.loads(part["AssociatedOrder"] or "{}")
            reader.fail_unless(found == orders, f"other orders of {key} are allocated: {found}")
    expected = [part for part in parts if part["RegionId"] == 1 and part["BusinessCode"] in ("p_cvm", "p_cbs")]
    found = reader.records(
        "DescribeAllocationBillDetail", 20, Month=month, RegionIds=["1"], BusinessCodes=["p_cvm", "p_cbs"]
    )
    reader.fail_unless(expected and check.same(found, expected), f"others are allocated by a filter in {month}")


def last_day(month):
    first = datetime.date.fromisoformat(f"{month}-01")
    return ((first + datetime.timedelta(31)).replace(day=1) - datetime.timedelta(1)).day


def check_money(reader, lines_by_month):
    """Balances add up, and vouchers pay what lines say."""
    balance = reader.read("DescribeAccountBalance")
    own = {name: Decimal(str(value)) for name, value in balance.items() if not isinstance(value, bool)}
    all = own["CashAccountBalance"] + own["IncomeIntoAccountBalance"] + own["PresentAccountBalance"]
    reader.fail_unless(own["RealBalance"] == all - own["FreezeAmount"] - own["OweAmount"], f"RealBalance: {balance}")
    reader.fail_unless(
        own["CreditBalance"] == all + own["CreditAmount"] - own["OweAmount"], f"CreditBalance: {balance}"
    )
    reader.fail_unless(
        own["RealCreditBalance"] == own["CreditBalance"] - own["FreezeAmount"], f"RealCreditBalance: {balance}"
    )
    reader.fail_unless(own["Balance"] == own["RealBalance"] and own["Uin"] == Decimal(MANAGER), f"Balance: {balance}")
    reader.read("DescribeAccountBalance", TempCredit=True)

    vouchers = reader.records("DescribeVoucherInfo", 5)
    ids = [voucher["VoucherId"] for voucher in vouchers]
    reader.fail_unless(ids and len(ids) == len(set(ids)), f"the vouchers {ids}")
    left = reader.read("DescribeVoucherInfo", Offset=1, Limit=1)["TotalBalance"]
    reader.fail_unless(left == sum(voucher["Balance"] for voucher in vouchers), f"{left} is left of all vouchers")
    for status in ("used", "overdue", "unUsed"):
        found = reader.records("DescribeVoucherInfo", Status=status)
        expected = [voucher for voucher in vouchers if voucher["Status"] == status]
        reader.fail_unless(check.same(found, expected), f"other vouchers that are {status}")
    spent = collections.Counter()
    for voucher in vouchers:
        id, month = voucher["VoucherId"], voucher["BeginTime"][:7]
        if month not in lines_by_month:
            continue
        used = reader.records("DescribeVoucherUsageDetails", 10, VoucherId=id)
        total = reader.read("DescribeVoucherUsageDetails", VoucherId=id, Offset=1, Limit=1)["TotalUsedAmount"]
        reader.fail_unless(total == sum(record["UsedAmount"] for record in used), f"other sums are spent of {id}")
        reader.fail_unless(total == voucher["NominalValue"] - voucher["Balance"], f"{total} is spent of {voucher}")
        spent[month] += total
    for month, lines in lines_by_month.items():
        expected = sums_of_lines(lines)["VoucherPayAmount"]
        reader.fail_unless(
            Decimal(spent[month]).scaleb(-8) == expected, f"vouchers pay {spent[month]}, not {expected}, in {month}"
        )
