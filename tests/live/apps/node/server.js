// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// The demo's apps, of Debian's nodejs and node-pg: `server.js web` asks PostgreSQL, `server.js api` writes and reads an object too, and
// `server.js ready` ends with 0 where the app of the same container answers. Each request does its work anew, so an answer proves that it works.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { Pool } = require("pg");
const { parse } = require("pg-connection-string");

const env = process.env;
const port = Number(env.PORT);
const role = process.argv[2];

// One request of S3, signed as docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says.
function s3(method, path, body) {
  const url = new URL(path, env.S3_ENDPOINT);
  const secret = fs.readFileSync(env.S3_SECRET_KEY_FILE, "utf8").trim();
  const hash = (text) => crypto.createHash("sha256").update(text).digest("hex");
  const mac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [time.slice(0, 8), env.S3_REGION, "s3", "aws4_request"];
  const headers = { host: url.host, "x-amz-content-sha256": hash(body), "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
  const request = [method, url.pathname, "", lines, names, headers["x-amz-content-sha256"]].join("\n");
  const key = scope.reduce(mac, `AWS4${secret}`);
  const signature = mac(key, ["AWS4-HMAC-SHA256", time, scope.join("/"), hash(request)].join("\n")).toString("hex");
  headers.authorization =
    `AWS4-HMAC-SHA256 Credential=${env.S3_ACCESS_KEY}/${scope.join("/")}, SignedHeaders=${names}, Signature=${signature}`;
  headers["content-length"] = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const sent = https.request(url, { method, headers, timeout: 5000 }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const text = Buffer.concat(parts).toString();
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`object store: HTTP ${answer.statusCode} ${(text.match(/<Code>(.*?)<\/Code>/) || [])[1] || ""}`));
      });
    });
    sent.on("timeout", () => sent.destroy(new Error("object store: no answer within 5 s")));
    sent.on("error", reject);
    sent.end(body);
  });
}

async function work(pool) {
  const asked = await pool.query("SELECT current_database() AS database, current_user AS \"user\", pg_is_in_recovery() AS standby");
  const found = { app: role, ...asked.rows[0] };
  if (role === "api") {
    const path = `/${env.S3_BUCKET}/health/${require("node:os").hostname()}`;
    const text = crypto.randomUUID();
    await s3("PUT", path, text);
    found.object = (await s3("GET", path, "")) === text ? "written and read" : "another one was read";
  }
  return found;
}

// node-pg takes verify-ca for verify-full. The endpoint is HAProxy, whose name is not in the certificate of a database server.
function database() {
  const found = parse(env.DATABASE_URL);
  if (found.sslmode === "verify-ca") found.ssl.checkServerIdentity = () => undefined;
  return new Pool({ ...found, connectionTimeoutMillis: 5000, max: 4 });
}

function serve() {
  const pool = database();
  pool.on("error", (error) => console.error(`database: ${error.message}`)); // an idle connection that the server closed
  const server = http.createServer(async (_request, response) => {
    let status = 200;
    let found;
    try {
      found = await work(pool);
    } catch (error) {
      status = 503;
      found = { app: role, error: error.message };
      console.error(error.message);
    }
    response.writeHead(status, { "content-type": "application/json" });
    response.end(`${JSON.stringify(found)}\n`);
  });
  process.on("SIGTERM", () => {
    server.close(() => process.exit(0)); // what has come is answered
    server.closeIdleConnections();
  });
  server.listen(port);
}

function ready() {
  http
    .get({ port, timeout: 4000 }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
    .on("timeout", () => process.exit(1))
    .on("error", () => process.exit(1));
}

if (role === "ready") ready();
else serve();
