"""Walks over all transactions with the vendor's SDK, as its users would; prints how many, and the CPU time in s."""

import json
import sys
import time

from tencentcloud.billing.v20180709 import billing_client, models
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

address, secret_id, secret_key, *windows = sys.argv[1:]
http = HttpProfile(protocol="http", endpoint=address)
client = billing_client.BillingClient(Credential(secret_id, secret_key), "", ClientProfile(httpProfile=http))

records = 0
start = time.process_time()
for window in windows:
    request = models.DescribeBillListRequest()
    request.StartTime, request.EndTime = window.split("/")
    request.Offset, request.Limit = 0, 100
    while True:
        answer = client.DescribeBillList(request)
        request.Offset += len(answer.TransactionList)
        if not answer.TransactionList or request.Offset >= answer.Total:
            break
    records += request.Offset
print(json.dumps({"records": records, "cpu": time.process_time() - start}))
