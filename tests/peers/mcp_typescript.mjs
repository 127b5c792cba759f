// An MCP server by the official TypeScript SDK, until killed: `node FILE MODULES MODE PORT`.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, mode, port] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { McpServer } = await load("@modelcontextprotocol/sdk/server/mcp.js");
const { StreamableHTTPServerTransport } = await load(
  "@modelcontextprotocol/sdk/server/streamableHttp.js",
);
const { z } = await load("zod");

function newServer() {
  const server = new McpServer({ name: "stock", version: "1" });
  const inputSchema = { item: z.string() };
  const text = (said) => ({ content: [{ type: "text", text: said }] });
  server.registerTool("stock", { description: "Pieces in stock", inputSchema }, ({ item }) => {
    console.log(`called stock ${item}`);
    return text(`{"pieces": ${item.length * 10}}`);
  });
  server.registerTool("broken", { description: "Fails", inputSchema }, ({ item }) => {
    throw new Error(`no such item: ${item}`);
  });
  return server;
}

const transports = new Map();

async function transportOf(request) {
  const known = transports.get(request.headers["mcp-session-id"]);
  if (known) return known;
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: mode === "stateful" ? () => randomUUID() : undefined,
    enableJsonResponse: mode === "json",
    onsessioninitialized: (id) => transports.set(id, transport),
    onsessionclosed: (id) => transports.delete(id),
  });
  await newServer().connect(transport);
  return transport;
}

createServer(async (request, response) => {
  const transport = await transportOf(request);
  await transport.handleRequest(request, response);
}).listen(Number(port), "127.0.0.1");
