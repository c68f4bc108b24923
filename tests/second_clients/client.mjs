// The second client: node-oracledb in thin mode does what a fleet's client does, and prints one JSON object.
// Run by `make second-clients`; settings come from the environment: ADG_USER, ADG_PASSWORD, ADG_DSN.

import { createRequire } from "node:module";

const require = createRequire(process.env.ADG_NODE_MODULES + "/");
const oracledb = require("oracledb");

const steps = {};

async function step(name, action) {
  const found = await action();
  steps[name] = found === undefined ? "done" : found;
}

const connection = await oracledb.getConnection({
  user: process.env.ADG_USER,
  password: process.env.ADG_PASSWORD,
  connectString: process.env.ADG_DSN,
});

await step("connect", () => `${connection.oracleServerVersionString}, thin: ${connection.thin}`);

await step("create", async () => {
  await connection.execute(
    "create table node_pictures (id number(9) primary key, name varchar2(40), img blob, note clob, embedding vector(3, float32))",
  );
});

await step("insert with binds", async () => {
  const rows = [1, 2, 3].map((id) => ({
    id,
    name: `picture ${id} ü`,
    img: Buffer.alloc(40_000, id),
    embedding: new Float32Array([id, id / 2, -id]),
  }));
  const result = await connection.executeMany(
    "insert into node_pictures (id, name, img, note, embedding) values (:id, :name, :img, to_clob(:name), :embedding)",
    rows,
    {
      bindDefs: {
        id: { type: oracledb.NUMBER },
        name: { type: oracledb.STRING, maxSize: 100 },
        img: { type: oracledb.BUFFER, maxSize: 50_000 },
        embedding: { type: oracledb.DB_TYPE_VECTOR },
      },
    },
  );
  return result.rowsAffected;
});

await step("commit", () => connection.commit());

await step("fetch", async () => {
  const result = await connection.execute("select id, name from node_pictures where id >= :low order by id", { low: 2 });
  return result.rows;
});

await step("read a LOB", async () => {
  const result = await connection.execute("select img, note from node_pictures where id = 2");
  const [img, note] = result.rows[0];
  const data = await img.getData();
  return [data.length, data[0], data[39_999], await note.getData()];
});

await step("read a vector", async () => {
  const result = await connection.execute("select embedding from node_pictures where id = 2");
  const [embedding] = result.rows[0];
  return [embedding.constructor.name, Array.from(embedding)];
});

await step("OUT bind", async () => {
  const result = await connection.execute("begin :twice := :n * 2; end;", {
    n: 21,
    twice: { dir: oracledb.BIND_OUT, type: oracledb.NUMBER },
  });
  return result.outBinds.twice;
});

await step("REF CURSOR", async () => {
  const result = await connection.execute("begin open :c for select id from node_pictures order by id; end;", {
    c: { dir: oracledb.BIND_OUT, type: oracledb.CURSOR },
  });
  const rows = await result.outBinds.c.getRows();
  await result.outBinds.c.close();
  return rows;
});

await step("rollback", async () => {
  await connection.execute("delete from node_pictures");
  await connection.rollback();
  const result = await connection.execute("select count(*) from node_pictures");
  return result.rows[0][0];
});

await step("ORA error", async () => {
  try {
    await connection.execute("insert into node_pictures (id) values (1)");
  } catch (error) {
    return [error.errorNum, error.message.split("\n")[0]];
  }
  return "no error";
});

await connection.close();
console.log(JSON.stringify(steps));
