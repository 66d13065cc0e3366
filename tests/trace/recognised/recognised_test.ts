import assert from "node:assert/strict";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { csv, temporaryFiles } from "../../support/trace_files.ts";

const SETS: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
  [
    "Azure Functions blob accesses 2020",
    {
      "renamed.csv": csv(
        "Timestamp,AnonRegion,AnonUserId,AnonAppName,AnonFunctionInvocationId,AnonBlobName," +
          "BlobType,AnonBlobETag,BlobBytes,Read,Write",
        "1606092900138,6ex,775920313,9gti3olh,1565080819,jf,BlockBlob/,kq,30.0,True,False",
      ),
    },
    /accesses to storage/,
  ],
  [
    "Azure Functions blob accesses 2020",
    { "azurefunctions-accesses-2020.csv.bz2": "BZh91AY&SY" },
    /accesses to storage/,
  ],
  [
    "Alibaba FaaSNet 2021",
    { "trace.csv": csv("__time__,functionName,latency,runtime,memoryMB", "1,f,0.5,python3,512") },
    /cold starts alone/,
  ],
  [
    "IBM Code Engine 2025",
    { "week_1.pickle": "\u0080" },
    /A pickle runs code when it is read, .* deno task trace:ibm/,
  ],
  [
    "Globus Compute",
    { "gc_invocations.csv": "x\n", "gc_functions.csv": "x\n", "gc_endpoints.csv": "x\n" },
    /normal form/,
  ],
  ["an archive", { "AzureFunctionsInvocationTraceForTwoWeeksJan2021.rar": "Rar!" }, /Unpack it/],
];

for (const [name, files, message] of SETS) {
  Deno.test(`${name} is recognised, and refused in a sentence (${Object.keys(files)[0]})`, async () => {
    await using folder = await temporaryFiles(files);
    for (const file of Object.keys(files)) {
      // Text cannot hold the byte that a pickle begins with.
      if (!file.endsWith(".pickle")) continue;
      await Deno.writeFile(`${folder.path}/${file}`, Uint8Array.of(0x80, 4, 0x95, 0, 0));
    }
    await assert.rejects(readTrace(folder.path), (error: Error & { code?: string }) => {
      assert.equal(error.code, "input");
      assert.ok(error.message.includes(`(${name}): `), error.message);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("two data sets in one folder are refused with the names of both", async () => {
  await using folder = await temporaryFiles({
    "a.csv": csv("app,func,end_timestamp,duration", "a,f,1,0.1"),
    "b.csv": csv("func_name,invoke_time_ms", "f,1"),
  });
  await assert.rejects(readTrace(folder.path), {
    code: "input",
    message: `${folder.path}: The folder holds traces of several formats: a.csv (Azure Functions ` +
      "2021), b.csv (Ilúvatar); give each a folder of its own.",
  });
  assert.equal((await readTrace(`${folder.path}/a.csv`)).functions.length, 1);
});

Deno.test("days are refused where a data set has no file for each", async () => {
  const files = {
    "azure2021/a.csv": csv("app,func,end_timestamp,duration", "a,f,1,0.1"),
    "iluvatar/b.csv": csv("func_name,invoke_time_ms", "f,1"),
    "faasrail/c.csv": csv("avg,mapped_wreq,1", '5,"{""bench"": ""f""}",1'),
    "llm/d.csv": csv("TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1,1"),
    "huawei/e.csv": csv(
      "time_worker,podID,funcName,userID,totalCost_worker",
      "2592001,pool22-300-128-1,1,2,0.5",
    ),
  };
  await using folder = await temporaryFiles(files);
  for (const name of Object.keys(files)) {
    const path = `${folder.path}/${name.split("/")[0]}`;
    assert.equal((await readTrace(path)).functions.length, 1);
    await assert.rejects(readTrace(path, { days: { first: 2, last: 3 } }), {
      code: "usage",
      message: /: --day: this data set has no file for each day; choose a part with --window/,
    });
  }
});

Deno.test("what is unknown is told with what can be read, without what cannot", async () => {
  await using folder = await temporaryFiles({ "calls.csv": "a,b\n1,2\n" });
  await assert.rejects(readTrace(folder.path), (error: Error) => {
    assert.match(error.message, /a file with the columns app, func, end_timestamp, duration/);
    assert.match(error.message, /; found calls\.csv\.$/);
    assert.doesNotMatch(error.message, /an archive|Globus/);
    return true;
  });
});
