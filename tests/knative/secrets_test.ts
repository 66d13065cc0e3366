import assert from "node:assert/strict";
import process from "node:process";
import { DEFAULT_TEMPLATE } from "../../lib/platform/knative/knative_options.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";
import { UserRun } from "./user_run.ts";

const SECRETS = ["env-s3cret-value-1", "pr0metheus-pass"];

/** Every file below a folder whose text holds another. */
function filesWith(folder: string, text: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return filesWith(path, text);
    return Deno.readTextFileSync(path).includes(text) ? [path] : [];
  });
}

Deno.test({
  name: "secrets on Knative: env of the template, a URL's user and the token are in no file",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("secrets");
    const template = role.kubeconfig.replace(/kubeconfig$/, "template.yaml");
    const text = Deno.readTextFileSync(DEFAULT_TEMPLATE);
    const marked = text.replace(
      /^( +)env:\n/m,
      `$&$1  - { name: DB_PASSWORD, value: ${SECRETS[0]} }\n`,
    );
    assert.notEqual(marked, text);
    Deno.writeTextFileSync(template, marked);
    const url = new URL(process.env.LOADER_PROMETHEUS ?? "http://127.0.0.1:9");
    await using run = await UserRun.start(
      role,
      ...["--template", template, "--json"],
      ...["--prometheus", `http://me:${SECRETS[1]}@${url.host}`],
    );
    const { status, stdout, stderr } = await run.result;
    assert.equal(status, 0, stderr);
    const [token] = /token: \S+/.exec(Deno.readTextFileSync(role.kubeconfig))!;
    for (const secret of [...SECRETS, token.slice("token: ".length)]) {
      assert.deepEqual(filesWith(`${run.folder.path}/out`, secret), []);
      assert.ok(!(stdout + stderr).includes(secret), secret);
    }
    const { facts } = run.manifest.platform;
    assert.match(JSON.stringify(facts.template), /DB_PASSWORD/);
    assert.match(JSON.stringify(run.manifest.command), /http:\/\/\*\*\*@/);
  },
});
