"""Reads the emulator's bills by the vendor's own Python SDK and by generated types, for bills.py."""

import datetime
import decimal
import json
import warnings
from decimal import Decimal

import check
import emulated
from tencentcloud.billing.v20180709 import billing_client, errorcodes, models
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

# Who manages the organisation, and a member with an account of its own.
MEMBER_ID, MEMBER_KEY = "AKIDVENDORSDKMEMBER", "not-a-real-key-of-the-member"
MANAGER, MEMBER, STRANGER = "100000000001", "100000000002", "100000000999"
ACCOUNTS = ((emulated.SECRET_ID, emulated.SECRET_KEY), (MEMBER_ID, MEMBER_KEY))
FLAGS = ("--seed", "7", "--account", f"{MEMBER_ID}:{MEMBER_KEY}:60:8")
# Null in a documented answer, though the description says that it never is.
NULL = {"TreeNodeUniqKey"}

# The lists: the list's member, the largest page, and what tells the number of records.
LISTS = {
    "DescribeBillDetail": ("DetailSet", 300, "Total"),
    "DescribeBillDetailForOrganization": ("DetailSet", 100, "Total"),
    "DescribeBillResourceSummary": ("ResourceSummarySet", 1000, "Total"),
    "DescribeBillResourceSummaryForOrganization": ("ResourceSummarySet", 1000, "Total"),
    "DescribeCostDetail": ("DetailSet", 100, "Total"),
    "DescribeAllocationBillDetail": ("Detail", 1000, "RecordNum"),
    "DescribeVoucherInfo": ("VoucherInfos", 1000, "TotalCount"),
    "DescribeVoucherUsageDetails": ("UsageRecords", 1000, "TotalCount"),
}
# Those whose total must be asked for.
COUNTED = [action for action, (_, _, total) in LISTS.items() if total == "Total"]


class Client(billing_client.BillingClient):
    """Keeps the last answer as it came."""

    answer = None

    def call(self, action, params, options=None, headers=None):
        body = super().call(action, params, options, headers)
        self.answer = json.loads(body)["Response"]
        return body


def client(address, method, account):
    http = HttpProfile(protocol="http", endpoint=address, reqMethod=method, reqTimeout=20)
    profile = ClientProfile(httpProfile=http, language="en-US")
    return Client(credential.Credential(*ACCOUNTS[account]), "ap-guangzhou", profile)


class Reader:
    """Reads what an emulator answers, and compares it."""

    def __init__(self, description, codegen, address, counts):
        self.description, self.address, self.counts = description, address, counts
        self.callers = [[client(address, method, account) for method in ("POST", "GET")] for account in (0, 1)]
        # The described members, those that no longer serve included.
        self.objects = json.loads(description.path.read_text(encoding="utf-8"))["objects"]
        self.seen = set()
        # What the program that walks is to do, and what must come of it.
        self.cases = []
        overlay = ("--overlay", description.overlay())
        self.lists = {
            suffix: check.listed(codegen, description, *flags) for suffix, flags in (("", ()), ("_overlaid", overlay))
        }

    def fail_unless(self, is_so, text):
        self.counts["comparisons"] += 1
        if not is_so:
            self.counts.fail(text)

    def same(self, came, read, what):
        where = difference(came, read) or "in another type"
        self.fail_unless(check.same(came, read), what + where)

    def call(self, method, action, request, account=0):
        """An answer as it came, all of which the SDK reads: it warns of what it doesn't know."""
        caller = self.callers[account][method]
        model = getattr(models, f"{action}Request")()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model._deserialize(request)
            read = getattr(caller, action)(model)._serialize()
        for warning in caught:
            self.counts.fail(f"{action}: {warning.message}")
        answer = caller.answer
        self.same(without_null(answer), read, f"{action} by the SDK: ")
        del answer["RequestId"]
        return answer

    def read(self, action, account=0, **request):
        """An answer, the same by POST and by GET."""
        answer, other = (self.call(method, action, request, account) for method in (0, 1))
        self.same(answer, other, f"{action} by POST and by GET: ")
        output = self.description.actions[action]["output"]
        for misfit in self.misfits(output, answer, action):
            self.counts.fail(misfit)
        self.counts["answers"] += 1
        for suffix in self.lists:
            body = json.dumps({"Response": {**answer, "RequestId": "5e1f"}}, ensure_ascii=False)
            case = {"action": f"{self.description.name}{suffix}.{action}", "answer": body}
            self.cases.append((case, suffix, output, answer))
        return answer

    def misfits(self, object, answer, where):
        """Members that are not described, or not in their types."""
        if not isinstance(answer, dict):
            yield f"{where}: {answer!r} is no {object}"
            return
        described = {member["name"]: member for member in self.objects[object]["members"]}
        for name, value in answer.items():
            member, place = described.get(name), f"{where}.{name}"
            if member is None:
                yield f"{place}: not described"
            elif value is None:
                if not member.get("value_allowed_null") and name not in NULL:
                    yield f"{place}: null"
            elif member["type"] == "list" and not isinstance(value, list):
                yield f"{place}: no list"
            else:
                self.seen.add((object, name))
                for each in value if member["type"] == "list" else [value]:
                    yield from self.misfits_of_value(member["member"], each, place)

    def misfits_of_value(self, kind, value, place):
        if kind in self.objects:
            yield from self.misfits(kind, value, place)
            return
        expected = {"bool": (bool,), "int64": (int,), "uint64": (int,), "float": (int, float)}.get(kind, (str,))
        if not isinstance(value, expected) or isinstance(value, bool) != (kind == "bool"):
            yield f"{place}: {value!r} is no {kind}"
        elif kind == "uint64" and value < 0:
            yield f"{place}: {value} is negative"
        elif kind == "datetime":
            try:
                datetime.datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
            except ValueError:
                yield f"{place}: {value!r} is no {kind}"

    def records(self, action, size=None, account=0, **request):
        """All records of a list by hand, which are those of a generated walk."""
        list, largest, total = LISTS[action]
        size = size or largest
        by_number = action.startswith("DescribeVoucher")
        records, number, context = [], 0, {}
        while True:
            offset = number + 1 if by_number else number * size
            answer = self.read(action, account, Offset=offset, Limit=size, **request, **context)
            records += answer[list]
            number += 1
            if answer.get("Context"):
                context = {"Context": answer["Context"]}
            if len(answer[list]) < size:
                break
        counted = action not in COUNTED or request.get("NeedRecordNum") == 1
        self.fail_unless(
            answer.get(total) == (len(records) if counted else None), f"{action}: {answer.get(total)} of {len(records)}"
        )
        if not account:
            self.walk(action, size, {**request, "Offset": int(by_number), "Limit": size}, records)
        return records

    def walk(self, action, size, request, records):
        output = self.description.actions[action]["output"]
        each = emulated.member_at(self.description, output, LISTS[action][0])["member"]
        for suffix, actions in self.lists.items():
            if actions[action]["dialect"] in ("none", "unclear"):
                continue
            name = f"{self.description.name}{suffix}.{action}"
            case = {"action": name, "input": request, "walk": self.address, "page_size": size}
            self.cases.append((case, suffix, each, records))

    def compare(self, target):
        """What generated types read, beside what came."""
        results = check.drive(target, [case for case, *_ in self.cases])
        for (case, suffix, object, expected), ours in zip(self.cases, results):
            if "error" in ours:
                self.counts.fail(f"{case['action']}: {ours['error']}\n    {case}")
                continue
            walked = "walk" in case
            ours = ours["records" if walked else "answer"]
            self.counts["records walked" if walked else "answers read by generated types"] += len(ours) if walked else 1
            where = difference(self.serving(object, expected), ours)
            if not suffix and not where and not check.same(self.plain(object, expected), self.plain(object, ours)):
                where = "in another type"
            self.fail_unless(not where, f"{case['action']}{where}")

    def serving(self, object, value):
        """A value without the members that no longer serve, which generated types don't have."""
        if isinstance(value, list):
            return [self.serving(object, each) for each in value]
        if object not in self.description.objects or value is None:
            return value
        members = [member for member in self.description.objects[object] if member["name"] in value]
        return {member["name"]: self.serving(member["member"], value[member["name"]]) for member in members}

    def plain(self, object, value):
        if isinstance(value, list):
            return [self.plain(object, each) for each in value]
        return check.plain(self.description, object, value)

    def refused(self, expected, action, account=0, **request):
        """A refusal by both methods, with a code that the SDK knows for the service."""
        known = {code for name, code in vars(errorcodes).items() if name.isupper()}
        for method in (0, 1):
            found = emulated.code(lambda: self.call(method, action, request, account))
            self.counts["refusals"] += 1
            self.fail_unless(found == expected and found in known, f"{action}: {found}, not {expected}\n    {request}")

    def print_never_seen(self, actions):
        """Prints the described members of these actions' answers that none had."""
        outputs = [self.description.actions[action]["output"] for action in actions]
        objects = list(dict.fromkeys(outputs))
        for object in objects:
            members = [each for each in self.objects[object]["members"] if each["name"] != "RequestId"]
            never = [each["name"] for each in members if (object, each["name"]) not in self.seen]
            if never:
                print(f"never in {object}: {', '.join(never)}")
            objects += [
                each["member"] for each in members if each["member"] in self.objects and each["member"] not in objects
            ]


def without_null(value):
    if isinstance(value, list):
        return [without_null(inner) for inner in value]
    if isinstance(value, dict):
        return {name: without_null(inner) for name, inner in value.items() if inner is not None}
    return value


def difference(came, ours, place=""):
    """Where what was read differs, or `None`: numbers may be in other digits, and what is not shown is nothing."""
    if isinstance(came, dict) and isinstance(ours, dict):
        each = ((came.get(name), ours.get(name), f"{place}.{name}") for name in came.keys() | ours.keys())
        return next(filter(None, (difference(*pair) for pair in each)), None)
    if isinstance(came, list) and isinstance(ours, list) and len(came) == len(ours):
        each = ((*pair, f"{place}[{at}]") for at, pair in enumerate(zip(came, ours)))
        return next(filter(None, (difference(*pair) for pair in each)), None)
    if check.same(came, ours) or same_number(came, ours):
        return None
    if ours in (None, []) and came in (None, "", "-", []):
        return None
    return f"{place} is {came!r}, read as {ours!r}"


def same_number(one, other):
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except decimal.InvalidOperation:
        return False
