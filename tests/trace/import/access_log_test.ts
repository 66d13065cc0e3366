import assert from "node:assert/strict";
import { importAll } from "./log_files.ts";

const COMMON = '203.0.113.9 - ada [27/Nov/2026:08:00:01 +0100] "GET /a?b=1 HTTP/1.1" 200 512';
const COMBINED = `${COMMON} "https://shop.example/" "Mozilla/5.0 (\\"quoted\\")"`;

Deno.test("access log: common, combined and what stands in front and behind", async () => {
  const lines = [
    COMMON,
    COMBINED,
    `shop.example:443 ${COMBINED}`,
    COMMON.replace("203.0.113.9", "2001:db8::7"),
    COMMON.replace("ada", "ada of york"),
    COMMON.replace("512", "-"),
    COMMON.replace("GET /a?b=1 HTTP/1.1", 'GET /a?q=\\"x\\" HTTP/2.0'),
  ];
  const { requests, tally } = await importAll(lines.join("\n"));
  assert.equal(tally.bad, 0);
  assert.deepEqual(
    requests,
    lines.map(() => ({ name: "/a", arrival: "2026-11-27T07:00:01.000Z", runtimeMs: null })),
  );
});

Deno.test("access log: what is no request is left out, what is no line is bad", async () => {
  const lines = [
    ...Array(400).fill(COMMON),
    COMMON.replace("GET /a?b=1 HTTP/1.1", "-"),
    COMMON.replace("GET /a?b=1 HTTP/1.1", ""),
    COMMON.replace("GET /a?b=1 HTTP/1.1", "\\x16\\x03\\x01\\x02"),
    "203.0.113.9 - - [27/Nov/2026:08:00:01 +01",
  ];
  const { tally } = await importAll(lines.join("\n"));
  assert.deepEqual([tally.rows, tally.taken, tally.bad], [404, 400, 1]);
  assert.deepEqual(tally.leftOut.map(({ reason, count }) => [reason, count]), [
    ["no request in it", 3],
  ]);
  assert.match(tally.badRows[0].examples[0], /^log:404 not of the common log format: "203/);
});

Deno.test("access log: a duration behind it by its name; nginx' is the end's", async () => {
  const { requests, notes } = await importAll(`${COMBINED} rt=1.250 uct="0.001" cs=MISS`);
  assert.deepEqual(requests, [
    { name: "/a", arrival: "2026-11-27T06:59:59.750Z", runtimeMs: 1250 },
  ]);
  assert.deepEqual(
    notes,
    [
      "Fields as of the common log format: time is the end of a request, rt (s) is how long it took.",
      "Arrivals are stamps less durations.",
    ].slice(0, 1),
  );
});

Deno.test("access log: a bare number behind it is told, and used when it is named", async () => {
  const { notes } = await importAll(`${COMBINED} 2500`);
  assert.match(notes[0], /Lines have more fields \(extra1: 2500\).*--duration-field/);
  const { requests } = await importAll(`${COMBINED} 2500`, {
    durationField: "extra1",
    durationUnit: "us",
  });
  assert.deepEqual(requests, [
    { name: "/a", arrival: "2026-11-27T07:00:01.000Z", runtimeMs: 2.5 },
  ]);
});

Deno.test("access log: a format of nginx is read as its configuration has it", async () => {
  const logFormat = '$remote_addr [$time_iso8601] "$request_method $host$uri?$args" ' +
    "$status ${request_time}s up=$upstream_response_time";
  const line = '203.0.113.9 [2026-11-27T08:00:01+01:00] "GET shop.example/a/7?b=1" 200 0.250s ' +
    "up=0.001, 0.2";
  await assert.rejects(importAll(line, { logFormat }), {
    code: "usage",
    message: /nothing stands between \$host and \$uri/,
  });
  const { requests, notes } = await importAll(line, {
    logFormat: logFormat.replace("$host$uri", "$request_uri"),
    durationField: "upstream_response_time",
  });
  assert.deepEqual(requests, [
    { name: "shop.example/a/{id}", arrival: "2026-11-27T07:00:00.799Z", runtimeMs: 201 },
  ]);
  assert.match(notes[0], /\$time_iso8601 is the end of a request, \$upstream_response_time \(s\)/);
});

Deno.test("access log: a format of Apache; %t is when a request was received", async () => {
  const forms = [
    ["%D", "1250", 1.25],
    ["%T", "2", 2000],
    ["%{ms}T", "17", 17],
    ["%{us}T", "17", 0.017],
  ] as const;
  for (const [directive, text, runtimeMs] of forms) {
    const logFormat = `%v %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i" ${directive} %k`;
    const { requests } = await importAll(`shop.example ${COMBINED} ${text} 0`, { logFormat });
    assert.deepEqual(requests, [
      { name: "/a", arrival: "2026-11-27T07:00:01.000Z", runtimeMs },
    ]);
  }
  const { requests } = await importAll("1795766400250 POST /x/7 200 40", {
    logFormat: "%{end:msec}t %m %U %>s %{ms}T",
    namesMethod: true,
  });
  assert.deepEqual(requests, [
    { name: "POST /x/{id}", arrival: "2026-11-27T08:00:00.210Z", runtimeMs: 40 },
  ]);
});

Deno.test("access log: a format's names, its literal signs, and one without fields", async () => {
  assert.equal((await importAll(COMBINED, { logFormat: "combined" })).tally.taken, 1);
  assert.equal((await importAll(COMMON, { logFormat: "common" })).tally.taken, 1);
  const { tally } = await importAll('100% [27/Nov/2026:08:00:01 +0100] "GET / HTTP/1.1"', {
    logFormat: '100%% %t "%r"',
  });
  assert.equal(tally.taken, 1);
  await assert.rejects(importAll(COMMON, { logFormat: "combiend" }), {
    code: "usage",
    message: /has no fields; .* common, combined, vhost_combined/,
  });
  await assert.rejects(importAll(COMMON, { logFormat: '"$request" $status' }), {
    code: "usage",
    message: /None of the fields is known for a time stamp/,
  });
});

Deno.test("access log: what the user says of the stamp holds", async () => {
  const line = `${COMBINED} rt=1.250`;
  const { requests } = await importAll(line, { stamp: "start" });
  assert.equal(requests[0].arrival, "2026-11-27T07:00:01.000Z");
});

Deno.test("access log: a long line of many blanks takes no longer than others", async () => {
  const logFormat = '%h %l %u %v %p %A %B %I %O %t "%r" %>s %D';
  const { tally } = await importAll(`${"a ".repeat(20_000)}\n${"1".repeat(20_000)}\n`, {
    logFormat,
    badRows: { share: 1 },
  });
  assert.equal(tally.bad, 2);
  const path = `/${"a".repeat(20_000)}1`;
  const { tally: paths } = await importAll(COMMON.replace("/a?b=1", path));
  assert.equal(paths.taken, 1);
});

Deno.test("access log: a user's name with blanks does not shift what follows", async () => {
  const line = COMMON.replace("ada", "ada of york") + " 17";
  const { tally } = await importAll(line, { logFormat: '%h %l %u %t "%r" %>s %b %D' });
  assert.equal(tally.taken, 1);
});

const ENVOY =
  '[2026-11-27T08:00:00.123Z] "GET /a/7?b=1 HTTP/2" 200 - 0 12 250 249 "-" "curl/8.1" ' +
  '"cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "resize.default.example.com" "10.0.0.7:8012"';

Deno.test("access log: Envoy's default, its own formats, and functions by their hosts", async () => {
  const found = { name: "/a/{id}", arrival: "2026-11-27T08:00:00.123Z", runtimeMs: 250 };
  assert.deepEqual((await importAll(ENVOY)).requests, [found]);
  const { requests } = await importAll(ENVOY, { functionField: "authority" });
  assert.deepEqual(requests, [{ ...found, name: "resize.default.example.com" }]);
  const logFormat = "%START_TIME(%s.%3f)% %REQUEST_HEADER(:AUTHORITY)% %REQ(:PATH):20% %DURATION%";
  assert.deepEqual(
    (await importAll("1795766400.123 shop /a/7 250", { logFormat })).requests,
    [found],
  );
});

Deno.test("access log: other lines are described in the manner of nginx", async () => {
  const logFormat = "$type $time $elb $client $target $before $took $after $code $target_code " +
    '$in $out "$request" "$agent" $rest';
  const line = "h2 2026-11-27T08:00:00.500000Z app/shop/50dc6c495c0c9188 10.0.1.252:48160 " +
    "10.0.0.66:9000 0.000 0.250 0.000 200 200 5 257 " +
    '"GET https://10.0.2.105:773/a/7?x=1 HTTP/2.0" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 x';
  const { requests } = await importAll(line, {
    logFormat,
    timeField: "time",
    durationField: "took",
    durationUnit: "s",
  });
  assert.deepEqual(requests, [
    { name: "/a/{id}", arrival: "2026-11-27T08:00:00.250Z", runtimeMs: 250 },
  ]);
});

Deno.test("access log: what a container's runtime puts around lines is taken off", async () => {
  const found = { name: "/a", arrival: "2026-11-27T07:00:01.000Z", runtimeMs: null };
  const json = JSON.stringify({ start_time: "2026-11-27T07:00:01Z", path: "/a" });
  for (const line of [COMBINED, json]) {
    const cri = `2026-11-27T07:00:01.123456789Z stdout F ${line}`;
    const docker = JSON.stringify({
      log: `${line}\n`,
      stream: "stdout",
      time: "2026-11-27T07:00:02Z",
    });
    for (const wrapped of [cri, docker]) {
      const { requests, tally } = await importAll(`${wrapped}\n${wrapped}\n`);
      assert.deepEqual([requests, tally.bad], [[found, found], 0], wrapped);
    }
  }
});
