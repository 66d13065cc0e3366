import http2 from "node:http2";

/**
 * A GOAWAY ends its session at once, from within the reading of what came with
 * it; if that holds another frame, Deno 2.9 reads on in freed memory and aborts
 * (denoland/deno#36788). After this call the sessions of new servers end a turn
 * later.
 */
export function deferSessionClose(): void {
  http2.createServer = new Proxy(http2.createServer, {
    apply(createServer, self, given) {
      const server: http2.Http2Server = Reflect.apply(createServer, self, given);
      server.on("session", (session) => {
        const close = session.close.bind(session);
        session.close = (callback) => {
          if (callback !== undefined && !session.destroyed) session.once("close", callback);
          setTimeout(close);
        };
      });
      return server;
    },
  });
}
