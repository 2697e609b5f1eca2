"""The vendor's own Python SDK against the emulator that plays descriptions, and generated walks beside it.

Every action answers by POST and by GET with what its description says, and refuses what its input must not have. The
pages of lists, fetched by hand in the way that `tc3-codegen --list` tells, hold the records that a generated walk
delivers.

Run it by ../vendor_sdk.sh, after check.py has built the program that walks.
"""

import argparse
import json
import logging
import pathlib
import subprocess
import sys
import warnings

import check
from tencentcloud.common import common_client, credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

SECRET_ID, SECRET_KEY = "AKIDVENDORSDK", "not-a-real-key-of-the-vendors-sdk"
RECORDS = 137
PAGE = 40


def emulator(program, paths, *flags):
    command = [program, "--secret-id", SECRET_ID, "--secret-key", SECRET_KEY, "--records", str(RECORDS), *flags]
    for path in paths:
        command += ["--description", path]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())["listening"]


def client(description, address, method):
    http = HttpProfile(protocol="http", endpoint=address, reqMethod=method, reqTimeout=20)
    profile = ClientProfile(httpProfile=http, language="en-US")
    keys = credential.Credential(SECRET_ID, SECRET_KEY)
    return common_client.CommonClient(description.service, description.version, keys, "ap-guangzhou", profile)


def own_actions(program, descriptions):
    """What the emulator has by hand, with rules for values that no description has."""
    process, address = emulator(program, [])
    own = set()
    for description in descriptions:
        caller = client(description, address, "POST")
        for action in description.actions:
            if code(lambda: caller.call_json(action, {})) not in ("InvalidAction", "NoSuchProduct", "NoSuchVersion"):
                own.add(action)
    process.stdin.close()
    process.wait()
    return own


def code(call):
    try:
        call()
    except TencentCloudSDKException as error:
        return error.get_code()
    return None


def at(value, path):
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def put(value, path, new):
    *outer, last = path.split(".")
    for name in outer:
        value = value.setdefault(name, {})
    value[last] = new


def member_at(description, object, path):
    first, _, rest = path.partition(".")
    member = next(each for each in description.objects[object] if each["name"] == first)
    return member_at(description, member["member"], rest) if rest else member


def without_empty(value):
    """An input without empty lists and objects, which a query can't say."""
    if isinstance(value, list):
        return [inner for inner in map(without_empty, value) if inner not in ([], {})]
    if isinstance(value, dict):
        inner = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in inner.items() if inner not in ([], {})}
    return value


class Input:
    """An input without what chooses a page, and how to choose one."""

    def __init__(self, description, action, line, values):
        self.description, self.line = description, line
        self.object = description.actions[action]["input"]
        self.fields = values.object(self.object, 0, False)
        for key in ("offset_field", "limit_field", "token_in"):
            if line[key]:
                first = {"offset_field": 1 if line["dialect"] == "page_number1" else 0, "limit_field": 5}.get(key)
                self.set(line[key], first)

    def set(self, path, number):
        member = member_at(self.description, self.object, path)
        if number is not None:
            number = str(number) if member["type"] == "string" else number
            put(self.fields, path, number)
            return
        outer, _, name = path.rpartition(".")
        holder = at(self.fields, outer) if outer else self.fields
        if holder and name in holder:
            if member.get("required"):
                holder[name] = "" if member["type"] == "string" else 0
            else:
                del holder[name]


def by_hand(caller, action, description, line, page):
    """All records, page by page as the line says."""
    records, number, token = [], 0, None
    values = check.Values(description, f"{action} walk", set())
    values.random.random = lambda: 0.0  # what is required, and no more
    values.documented = True
    request = Input(description, action, line, values)
    if line["limit_field"]:
        request.set(line["limit_field"], page)
    walked = json.loads(json.dumps(request.fields))
    while True:
        if line["dialect"] == "token":
            if token is not None:
                put(request.fields, line["token_in"], token)
        else:
            first = 1 if line["dialect"] == "page_number1" else 0
            step = page if line["dialect"] == "item_offset" else 1
            request.set(line["offset_field"], first + number * step)
        answer = caller.call_json(action, request.fields)["Response"]
        items = at(answer, line["list_path"]) or []
        records += items
        number += 1
        if line["total_path"]:
            total = int(at(answer, line["total_path"]))
            assert total == RECORDS, f"a total of {total}"
        token = at(answer, line["token_out"]) if line["dialect"] == "token" else None
        if not items or (line["dialect"] == "token" and token in (None, "", 0)):
            return walked, records
        assert number < 100, "pages do not end"
        if line["dialect"] == "token" and len(records) >= RECORDS:
            # A flag told the end, which outranks the token.
            return walked, records


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("tccli", "codegen", "target", "emulator"):
        arguments.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments.add_argument("--lists", type=int, default=50, help="so many lists at least are walked")
    arguments.add_argument("--also", nargs="*", default=[], help="further services that the emulator plays")
    arguments.add_argument("services", nargs="+")
    arguments = arguments.parse_args()
    target = arguments.target.resolve()
    warnings.simplefilter("ignore")
    logging.disable()
    chosen = list(check.descriptions(arguments.tccli, set(arguments.services)))
    played = [*chosen, *check.descriptions(arguments.tccli, set(arguments.also))]
    own = own_actions(arguments.emulator, chosen)
    process, address = emulator(arguments.emulator, [each.path for each in played])
    counts = check.Counts()
    overlaid = []
    for description in chosen:
        actions = check.listed(arguments.codegen, description)
        sdk = check.models(description)
        callers = {method: client(description, address, method) for method in ("POST", "GET")}
        for action, line in actions.items():
            output = description.actions[action]["output"]
            for method, caller in callers.items():
                if method == "GET" and description.actions[action].get("skip_sign"):
                    continue
                values = check.Values(description, f"{action} emulated", set())
                request = Input(description, action, line, values).fields
                if method == "GET":
                    request = without_empty(request)
                try:
                    answer = caller.call_json(action, request)["Response"]
                    check.plain(description, output, answer)
                    if hasattr(sdk, output):
                        getattr(sdk, output)()._deserialize(answer)
                    if description.overlay():
                        body = json.dumps({"Response": answer}, ensure_ascii=False)
                        case = {"action": f"{description.name}_overlaid.{action}", "answer": body}
                        overlaid.append(case)
                    counts[f"answers by {method}"] += 1
                except TencentCloudSDKException as error:
                    refusal = error.get_code()
                    counts[f"refusals by {method}"] += 1
                    # A query can't say that a list has an empty object.
                    if action not in own and not (method == "GET" and refusal == "MissingParameter"):
                        counts.fail(f"{description.name}.{action} by {method}: {error}\n    {request}")
                except check.Misfit as misfit:
                    if action not in own:
                        counts.fail(f"{description.name}.{action} by {method}: {misfit}")
                for change, expected in bad_inputs(description, action, request):
                    found = code(lambda: caller.call_json(action, change))
                    counts["bad inputs"] += 1
                    if found != expected:
                        counts.fail(f"{description.name}.{action} by {method}: {found}, not {expected}\n    {change}")
    for case, ours in zip(overlaid, check.drive(target, overlaid)):
        counts["answers read with their units"] += 1
        # The documented example of some is that the data is not ready.
        if '"Ready": 0,' in case["answer"] and "SummaryDataNotReady" in ours.get("error", ""):
            counts["answers that are not ready"] += 1
        elif "error" in ours:
            counts.fail(f"{case['action']}: {ours['error']}")
    lists(arguments, target, chosen, own, address, counts)
    process.stdin.close()
    process.wait()
    for name in sorted(counts):
        print(f"{name}: {counts[name]}")
    if counts["failures"]:
        sys.exit(f"{counts['failures']} failures")


def bad_inputs(description, action, request):
    """Inputs that the service refuses, and the code."""
    yield {**request, "NoSuchParameter": "1"}, "UnknownParameter"
    members = description.objects[description.actions[action]["input"]]
    for member in members:
        if member.get("required") and member["member"] not in description.objects:
            without = {name: value for name, value in request.items() if name != member["name"]}
            yield without, "MissingParameter"
            break
    for member in members:
        if member["type"] == "int":
            yield {**request, member["name"]: "many"}, "InvalidParameter"
            break


def lists(arguments, target, chosen, own, address, counts):
    """The pages of lists by hand, beside a generated walk of the same list."""
    found = []
    for description in chosen:
        ways = [("", ())]
        if description.overlay():
            ways.append(("_overlaid", ("--overlay", description.overlay())))
        for suffix, flags in ways:
            for action, line in check.listed(arguments.codegen, description, *flags).items():
                if line["dialect"] not in ("none", "unclear") and action not in own:
                    found.append((description, suffix, action, line))
    cases, expected = [], []
    for description, suffix, action, line in found:
        page = min(PAGE, line["max_limit"] or PAGE)
        try:
            request, records = by_hand(client(description, address, "POST"), action, description, line, page)
        except (TencentCloudSDKException, AssertionError) as error:
            counts.fail(f"{description.name}.{action}: by hand: {error}")
            continue
        cases.append(
            {
                "action": f"{description.name}{suffix}.{action}",
                "input": request,
                "walk": address,
                "page_size": page,
            }
        )
        expected.append((description, action, line, records))
    for case, (description, action, line, records), ours in zip(cases, expected, check.drive(target, cases)):
        counts[f"lists by {line['dialect']}"] += 1
        counts["lists"] += 1
        name = case["action"]
        each = member_at(description, description.actions[action]["output"], line["list_path"])
        if "error" in ours:
            counts.fail(f"{name}: {ours['error']}")
        elif len(records) != RECORDS:
            counts.fail(f"{name}: {len(records)} records by hand")
        else:
            plain = [
                [check.plain_value(description, each, record, "record") for record in some]
                for some in (records, ours["records"])
            ]
            if not check.same(*plain):
                counts.fail(f"{name}: other records by hand ({len(records)}) than walked ({len(ours['records'])})")
    if counts["lists"] < arguments.lists:
        counts.fail(f"only {counts['lists']} lists")


if __name__ == "__main__":
    main()
