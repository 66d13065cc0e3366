import assert from "node:assert/strict";
import { PathTemplates } from "../../../lib/trace/import/path_template.ts";

Deno.test("paths: what looks like an id becomes {id}, words stay", () => {
  const paths = new PathTemplates();
  const names = {
    "/": "/",
    "": "/",
    "/index.html": "/index.html",
    "/api/users/4711": "/api/users/{id}",
    "/api/users/4711/": "/api/users/{id}/",
    "/api/users/4711/cart?full=1#top": "/api/users/{id}/cart",
    "/o/7f3c2a10-9c1e-4f5a-8b7d-0123456789ab": "/o/{id}",
    "/commit/3fa9c0de12": "/commit/{id}",
    "/facade/deadbeef": "/facade/deadbeef",
    "/day/2026-11-27/list": "/day/{id}/list",
    "/img/00a1b2c3d4.min.js": "/img/{id}.min.js",
    "/img/17.png": "/img/{id}.png",
    "/ulid/01ARZ3NDEKTSV4RRFFQ69G5FAV": "/ulid/{id}",
    "/people/ada@example.org": "/people/{id}",
    "/people/ada%40example.org": "/people/{id}",
    "/api/v2/oauth2/s3": "/api/v2/oauth2/s3",
    "/list;jsessionid=4A7F/next": "/list/next",
    "https://shop.example:8443/api/users/7?x=1": "/api/users/{id}",
    "https://shop.example": "/",
    "/pos/48.85,2.35": "/pos/{id}",
    "*": "*",
  };
  for (const [path, name] of Object.entries(names)) assert.equal(paths.nameOf(path), name, path);
});

Deno.test("paths: the first template that fits names the route, with or without ids", () => {
  const templates = [
    "/api/users/{id}/{what}",
    "/api/users/{name}",
    "/files/{path...}",
    "/v{n}/x.y",
  ];
  const paths = new PathTemplates({ templates, replacesIds: false });
  const names = {
    "/api/users/ada": "/api/users/{name}",
    "/api/users/ada/cart?a=/b": "/api/users/{id}/{what}",
    "/api/users/ada/cart/7": "/api/users/ada/cart/7",
    "/files/a/b/c.txt": "/files/{path...}",
    "/files/": "/files/{path...}",
    "/v17/x.y": "/v{n}/x.y",
    "/v17/xzy": "/v17/xzy",
    "/other/7": "/other/7",
  };
  for (const [path, name] of Object.entries(names)) assert.equal(paths.nameOf(path), name, path);
});

Deno.test("paths: a template that is none is told", () => {
  for (const template of ["users/{id}", "", "/a?b={c}"]) {
    assert.throws(() => new PathTemplates({ templates: [template] }), { code: "usage" });
  }
});
