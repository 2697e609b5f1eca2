// The vendor's own Node SDK against the emulator.
//
// It signs the host without its port and takes the service from the first label of the host, so this shows that the
// emulator verifies such requests at a name and at an address. Reads all pages of the three lists by POST and by GET
// and with each of the SDK's signatures; all must give the same records. A wrong key, a wrong token and a wrong
// parameter must be refused with the service's codes.
//
// Run it by vendor_sdk_node.sh, which installs the package that it needs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [emulator, modules] = process.argv.slice(2);
const { CommonClient } = createRequire(`${modules}/`)("tencentcloud-sdk-nodejs-common");

const SECRET_ID = "AKIDVENDORSDK";
const SECRET_KEY = "not-a-real-key-of-the-vendors-sdk";
const TOKEN = "not-a-real-token";
const APP_ID = "yDwFdUUckpsw00000000yQ0af8bHosXQtb";
const RECORDS = 123;

// Not every machine resolves names below localhost.
const lookup = (_, options, answer) =>
  options.all ? answer(null, [{ address: "127.0.0.1", family: 4 }]) : answer(null, "127.0.0.1", 4);
const agent = new http.Agent({ lookup, keepAlive: true });

/** Starts the emulator; it ends when its stdin is closed, with this process at the latest. */
async function start(...more) {
  const known = ["--secret-id", SECRET_ID, "--secret-key", SECRET_KEY, "--records", `${RECORDS}`, "--seed", "7"];
  const service = spawn(emulator, [...known, ...more], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface(service.stdout), "line");
  return { service, port: JSON.parse(line).listening.split(":").pop() };
}

async function stop({ service }) {
  service.stdin.end();
  const [status] = await once(service, "exit");
  assert.equal(status, 0);
}

function client(version, { host, port, reqMethod = "POST", signMethod, secretKey = SECRET_KEY, token, region }) {
  return new CommonClient(`${host}:${port}`, version, {
    credential: { secretId: SECRET_ID, secretKey, token },
    region,
    profile: {
      signMethod,
      language: "en-US",
      httpProfile: { protocol: "http://", endpoint: `${host}:${port}`, reqMethod, reqTimeout: 10, agent },
    },
  });
}

/** All records of a list, page by page. */
async function walk(call, offset, items, total) {
  const records = [];
  for (;;) {
    const answer = await call(offset(records.length));
    records.push(...answer[items]);
    if (answer[items].length === 0 || records.length >= answer[total]) {
      assert.equal(records.length, answer[total]);
      return records;
    }
  }
}

const bills = (how) =>
  walk(
    (Offset) =>
      client("2018-07-09", how).request("DescribeBillList", {
        StartTime: "2024-01-01 00:00:00",
        EndTime: "2024-06-30 23:59:59",
        PayType: ["deduct", "recharge"],
        Offset,
        Limit: 7,
      }),
    (delivered) => delivered,
    "TransactionList",
    "Total",
  );

const allocations = (how) =>
  walk(
    (Offset) =>
      client("2018-07-09", how).request("DescribeAllocationSummaryByBusiness", {
        Month: "2024-02",
        Sort: "RealTotalCost",
        SortType: "desc",
        Offset,
        Limit: 50,
      }),
    (delivered) => delivered,
    "Detail",
    "RecordNum",
  );

const usageOf = (how, Offset, Limit) =>
  client("2021-05-26", how).request("ChannelDescribeBillUsageDetail", {
    Agent: { AppId: APP_ID },
    StartTime: "20240101",
    EndTime: "20240131",
    Offset,
    Limit,
  });

const usage = (how) =>
  walk((Offset) => usageOf(how, Offset, 50), (delivered) => delivered / 50, "Details", "Total");

const refused = (code, call) => assert.rejects(call, (error) => assert.equal(error.code, code) ?? true);

const emulated = await start();
const { port } = emulated;
const hosts = ["billing.localhost", "127.0.0.1"];
for (const list of [bills, allocations, usage]) {
  const expected = await list({ host: hosts[0], port });
  assert.ok(expected.length > 0);
  for (const host of hosts) {
    for (const reqMethod of ["POST", "GET"]) {
      for (const signMethod of ["TC3-HMAC-SHA256", "HmacSHA256", "HmacSHA1"]) {
        const records = await list({ host, port, reqMethod, signMethod });
        assert.deepEqual(records, expected, `${list.name}: ${reqMethod} ${host}, ${signMethod}`);
      }
    }
  }
  console.log(`${list.name}: ${expected.length} records, the same at ${hosts.join(" and ")} by POST and GET`);
}
assert.equal((await usage({ host: hosts[0], port })).length, RECORDS);
assert.equal((await allocations({ host: hosts[0], port })).length, RECORDS);

for (const host of hosts) {
  for (const signMethod of ["TC3-HMAC-SHA256", "HmacSHA256", "HmacSHA1"]) {
    const how = { host, port, signMethod };
    await refused("AuthFailure.SignatureFailure", () => bills({ ...how, secretKey: "another-key" }));
    await refused("AuthFailure.TokenFailure", () => bills({ ...how, token: "another-token" }));
    await refused("InvalidParameterValue", () => bills({ ...how, region: "mars-1" }));
    await refused("InvalidParameter.Limit", () => usageOf(how, 0, 500));
  }
}
console.log("wrong keys, tokens, regions and limits are refused with the service's codes");
await stop(emulated);

const temporary = await start("--token", TOKEN);
assert.ok((await bills({ host: hosts[1], port: temporary.port, token: TOKEN })).length > 0);
await refused("AuthFailure.TokenFailure", () => bills({ host: hosts[1], port: temporary.port }));
await stop(temporary);
console.log("temporary credentials are accepted with their token alone");

const role = "billing-reader";
const machine = await start("--role", role, "--usage-limit", "50", "--documented-examples");
/** What the metadata endpoint answers. */
async function metadata(name) {
  const path = `/latest/meta-data/cam/security-credentials/${name}`;
  const [answer] = await once(http.get({ host: "127.0.0.1", port: machine.port, path, agent }), "response");
  return (await answer.setEncoding("utf8").toArray()).join("");
}
assert.equal(await metadata(""), role);
const { TmpSecretId, TmpSecretKey, Token, Code } = JSON.parse(await metadata(role));
assert.equal(Code, "Success");
const taken = new CommonClient(`127.0.0.1:${machine.port}`, "2018-07-09", {
  credential: { secretId: TmpSecretId, secretKey: TmpSecretKey, token: Token },
  profile: { httpProfile: { protocol: "http://", agent } },
});
const year = { StartTime: "2024-01-01 00:00:00", EndTime: "2025-01-01 00:00:00", Offset: 0, Limit: 1 };
assert.equal((await taken.request("DescribeBillList", year)).TransactionList.length, 1);
await refused("InvalidParameter.Limit", () => usageOf({ host: hosts[1], port: machine.port }, 0, 51));
await stop(machine);
console.log("a machine's role gives keys that sign, and the other switches do what they say");
agent.destroy();
