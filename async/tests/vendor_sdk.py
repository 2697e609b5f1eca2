"""The vendor's own Python SDK against the emulator, beside both clients of this workspace.

Reads all pages of the three actions by POST, by POST with an unsigned payload, by GET and with signatures of the
first version, and compares
every field of every record with what the examples of both IO crates print. A wrong key, a wrong token
and a wrong parameter must be refused with the service's codes.

Run it by vendor_sdk.sh, which makes the virtual environment that it needs.
"""

import json
import pathlib
import subprocess
import sys

from tencentcloud.billing.v20180709 import billing_client
from tencentcloud.billing.v20180709 import models as billing
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.essbasic.v20210526 import essbasic_client
from tencentcloud.essbasic.v20210526 import models as essbasic

BIN = pathlib.Path(sys.argv[1])
SECRET_ID, SECRET_KEY, TOKEN = "AKIDVENDORSDK", "not-a-real-key-of-the-vendors-sdk", "not-a-real-token"
APP_ID = "yDwFdUUckpsw00000000yQ0af8bHosXQtb"
RECORDS = 333


def emulator(*arguments):
    """Starts the emulator; it ends when its stdin is closed, with this process at the latest."""
    command = [BIN / "async" / "emulator", "--secret-id", SECRET_ID, "--secret-key", SECRET_KEY]
    process = subprocess.Popen(
        [*command, "--records", str(RECORDS), "--seed", "7", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, json.loads(process.stdout.readline())["listening"]


def client(module, name, address, method="POST", key=SECRET_KEY, token=None, unsigned=False, sign=None):
    """A client of the vendor's, pointed at the emulator."""
    http = HttpProfile(protocol="http", endpoint=address, reqMethod=method, reqTimeout=10)
    profile = ClientProfile(signMethod=sign, httpProfile=http, language="en-US")
    profile.unsignedPayload = unsigned
    return getattr(module, name)(credential.Credential(SECRET_ID, key, token), "ap-guangzhou", profile)


def walk(call, request, offset_of, items_of, total_of):
    """All records of a list, page by page."""
    records = []
    while True:
        request.Offset = offset_of(len(records))
        answer = call(request)
        items = items_of(answer) or []
        records += [item._serialize(allow_none=True) for item in items]
        if not items or len(records) >= total_of(answer):
            assert len(records) == total_of(answer), (len(records), total_of(answer))
            return records


def bill_list(address, request, **how):
    return walk(
        client(billing_client, "BillingClient", address, **how).DescribeBillList,
        request,
        lambda delivered: delivered,
        lambda answer: answer.TransactionList,
        lambda answer: answer.Total,
    )


def bills(address, **how):
    request = billing.DescribeBillListRequest()
    request.StartTime, request.EndTime = "2024-01-01 00:00:00", "2024-06-30 23:59:59"
    request.Limit = 40
    return bill_list(address, request, **how)


def some_bills(address, **how):
    request = billing.DescribeBillListRequest()
    request.StartTime, request.EndTime = "2024-07-01 00:00:00", "2024-12-31 23:59:59"
    request.Limit = 7
    request.PayType, request.SubPayType, request.WithZeroAmount = ["deduct", "recharge"], ["hour_h", "online"], 1
    return bill_list(address, request, **how)


def allocations(address, **how):
    request = billing.DescribeAllocationSummaryByBusinessRequest()
    request.Month, request.Limit, request.Sort, request.SortType = "2024-02", 100, "RealTotalCost", "desc"
    return walk(
        client(billing_client, "BillingClient", address, **how).DescribeAllocationSummaryByBusiness,
        request,
        lambda delivered: delivered,
        lambda answer: answer.Detail,
        lambda answer: answer.RecordNum,
    )


def usage(address, **how):
    request = essbasic.ChannelDescribeBillUsageDetailRequest()
    request.Agent = essbasic.Agent()
    request.Agent.AppId = APP_ID
    request.StartTime, request.EndTime, request.Limit = "20240101", "20240131", 50
    return walk(
        client(essbasic_client, "EssbasicClient", address, **how).ChannelDescribeBillUsageDetail,
        request,
        lambda delivered: delivered // 50,
        lambda answer: answer.Details,
        lambda answer: answer.Total,
    )


def ours(crate, example, address, *arguments):
    """What an example of ours prints as JSON lines."""
    command = [BIN / crate / example, "--endpoint", f"http://{address}", "--secret-id", SECRET_ID]
    lines = subprocess.run(
        [*command, "--secret-key", SECRET_KEY, "--format", "jsonl", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ).stdout.splitlines()
    return [json.loads(line) for line in lines]


def refused(code, call):
    try:
        call()
    except TencentCloudSDKException as error:
        assert error.get_code() == code, error
        return
    raise AssertionError(f"not refused with {code}")


def main():
    service, address = emulator()
    lists = [
        (bills, "bill_list", ["--start", "2024-01-01 00:00:00", "--end", "2024-06-30 23:59:59", "--limit", "25"]),
        (
            some_bills,
            "bill_list",
            ["--start", "2024-07-01", "--end", "2024-12-31", "--with-zero-amount"]
            + ["--pay-type", "deduct", "recharge", "--sub-pay-type", "hour_h", "online"],
        ),
        (allocations, "allocation_summary", ["--month", "2024-02", "--sort", "RealTotalCost", "--desc"]),
        (usage, "usage_detail", ["--app-id", APP_ID, "--start", "20240101", "--end", "20240131"]),
    ]
    for read, example, arguments in lists:
        theirs = read(address)
        assert theirs, f"{read.__name__}: no records"
        others = {
            "GET": read(address, method="GET"),
            "unsigned": read(address, unsigned=True),
            "HmacSHA1": read(address, sign="HmacSHA1"),
            "HmacSHA256 and GET": read(address, method="GET", sign="HmacSHA256"),
            "ureq": ours("blocking", example, address, *arguments),
            "hyper": ours("async", example, address, *arguments),
        }
        for name, records in others.items():
            assert len(records) == len(theirs), f"{read.__name__} by {name}: {len(records)} of {len(theirs)}"
            for place, (record, expected) in enumerate(zip(records, theirs)):
                assert record == expected, f"{read.__name__} by {name}, {place}: {record} is not {expected}"
        print(f"{read.__name__}: {len(theirs)} records, the same by the SDK's POST and GET, ureq and hyper")
    assert len(usage(address)) == RECORDS and len(allocations(address)) == RECORDS

    for method in ["POST", "GET"]:
        refused("AuthFailure.SignatureFailure", lambda: bills(address, method=method, key="another-key"))
        refused("AuthFailure.TokenFailure", lambda: bills(address, method=method, token="another-token"))
    request = essbasic.ChannelDescribeBillUsageDetailRequest()
    request.StartTime, request.EndTime, request.Limit = "20240101", "20240131", 500
    request.Agent = essbasic.Agent()
    request.Agent.AppId = APP_ID
    channel = client(essbasic_client, "EssbasicClient", address)
    refused("InvalidParameter.Limit", lambda: channel.ChannelDescribeBillUsageDetail(request))
    print("wrong keys, tokens and limits are refused with the service's codes")
    service.stdin.close()
    assert service.wait(10) == 0

    service, address = emulator("--token", TOKEN)
    assert bills(address, token=TOKEN)
    refused("AuthFailure.TokenFailure", lambda: bills(address))
    service.stdin.close()
    assert service.wait(10) == 0
    print("temporary credentials are accepted with their token alone")


main()
