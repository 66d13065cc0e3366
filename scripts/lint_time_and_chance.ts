/**
 * Lint plugin: in `lib/`, time and chance are read in `lib/clock/` and `lib/base/` alone, so that
 * every part runs on virtual time and repeats from a seed.
 */
const FORBIDDEN_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Date: ["now"],
  performance: ["now", "timeOrigin"],
  Math: ["random"],
  crypto: ["getRandomValues", "randomUUID"],
  Temporal: ["Now"],
};

const FORBIDDEN_CALLS: readonly string[] = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "requestAnimationFrame",
];

const ADVICE = "take a Clock (lib/clock) or an Rng (lib/base) from the caller instead";

const plugin: Deno.lint.Plugin = {
  name: "loader",
  rules: {
    "time-and-chance": {
      create(context) {
        const path = context.filename.replaceAll("\\", "/");
        if (!/\/lib\/(?!base\/|clock\/)/.test(path)) return {};
        return {
          MemberExpression(node) {
            if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
            if (FORBIDDEN_MEMBERS[node.object.name]?.includes(node.property.name)) {
              const name = `${node.object.name}.${node.property.name}`;
              context.report({ node, message: `${name} is read here; ${ADVICE}.` });
            }
          },
          CallExpression(node) {
            if (node.callee.type === "Identifier" && FORBIDDEN_CALLS.includes(node.callee.name)) {
              context.report({ node, message: `${node.callee.name} is called here; ${ADVICE}.` });
            }
          },
          NewExpression(node) {
            const isNow = node.callee.type === "Identifier" && node.callee.name === "Date" &&
              node.arguments.length === 0;
            if (isNow) {
              context.report({ node, message: `The time of day is read here; ${ADVICE}.` });
            }
          },
        };
      },
    },
  },
};

export default plugin;
