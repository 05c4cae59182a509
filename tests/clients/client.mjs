// Drive a record store with @xapi/xapi, step by step, and print what came of each step as one JSON object.
//
//     node client.mjs ADDRESS USER PASSWORD VERSION adapter

import XAPI from "@xapi/xapi";
import { randomUUID } from "node:crypto";

const [address, user, password, version, adapter] = process.argv.slice(2);
const xapi = new XAPI({ endpoint: `${address}/xapi/`, auth: XAPI.toBasicAuth(user, password), version, adapter });

const agent = { objectType: "Agent", name: "Jeanne", mbox: `mailto:jeanne.${randomUUID()}@example.fr` };
const activityId = `https://lms.example.fr/course/${randomUUID()}`;
const verb = { id: "http://adlnet.gov/expapi/verbs/completed", display: { fr: "a terminé" } };
const definition = { name: { fr: "Climat", en: "Climate" }, type: "http://adlnet.gov/expapi/activities/course" };
const statement = { actor: agent, verb, object: { objectType: "Activity", id: activityId, definition }, result: { score: { raw: 85 } } };
const text = "Pièce jointe: 42";
// The error code of a refusal, wherever the adapter leaves the body of the reply.
const code = (error) => (error.response?.data ?? JSON.parse(error.message)).error.code;
const profileId = "préférences";
const stateId = "signet";

const steps = {
  about: async () => (await xapi.getAbout()).data.version,
  sendOne: async () => (await xapi.sendStatement({ statement })).data,
  sendMany: async () => (await xapi.sendStatements({ statements: [statement, statement, statement] })).data,
  getOne: async () => {
    const [id] = (await xapi.sendStatement({ statement })).data;
    const got = (await xapi.getStatement({ statementId: id })).data;
    return { same: got.id === id, raw: got.result.score.raw, name: got.actor.name };
  },
  query: async () => {
    const page = (await xapi.getStatements({ agent, activity: activityId, verb: verb.id, limit: 2 })).data;
    const rest = (await xapi.getMoreStatements({ more: page.more })).data;
    return { first: page.statements.length, second: rest.statements.length };
  },
  canonical: async () => (await xapi.getStatements({ activity: activityId, format: "canonical", limit: 1 })).data.statements[0].object.definition.name,
  voiding: async () => {
    const [id] = (await xapi.sendStatement({ statement })).data;
    await xapi.voidStatement({ actor: agent, statementId: id });
    const gone = await xapi.getStatement({ statementId: id }).catch(code);
    const voided = (await xapi.getVoidedStatement({ voidedStatementId: id })).data;
    return { gone, voided: voided.id === id };
  },
  attachment: async () => {
    if (adapter === "axios") return ["not multipart"];
    const bytes = new TextEncoder().encode(text);
    const hash = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
    const attachments = [{ usageType: "https://lms.example.fr/essay", display: { fr: "Devoir" }, contentType: "text/plain", length: bytes.length, sha2: hash }];
    const content = bytes.buffer;
    const [id] = (await xapi.sendStatement({ statement: { ...statement, attachments }, attachments: [content] })).data;
    const parts = (await xapi.getStatement({ statementId: id, attachments: true })).data;
    return { id: parts[0].id === id, parts: parts.length, text: typeof parts[1] === "string" ? parts[1] : new TextDecoder().decode(parts[1]) };
  },
  state: async () => {
    await xapi.createState({ agent, activityId, stateId, state: { page: 1, seen: ["a"] } });
    await xapi.createState({ agent, activityId, stateId, state: { page: 2 } });
    const merged = (await xapi.getState({ agent, activityId, stateId })).data;
    const ids = (await xapi.getStates({ agent, activityId })).data;
    const etag = (await xapi.getState({ agent, activityId, stateId })).headers.etag;
    await xapi.setState({ agent, activityId, stateId, state: { page: 3 }, etag, matchHeader: "If-Match" });
    const set = (await xapi.getState({ agent, activityId, stateId })).data;
    const etagNow = (await xapi.getState({ agent, activityId, stateId })).headers.etag;
    await xapi.deleteState({ agent, activityId, stateId, etag: etagNow });
    await xapi.createState({ agent, activityId, stateId: "other", state: {} });
    await xapi.deleteStates({ agent, activityId });
    return { merged, ids, set, left: (await xapi.getStates({ agent, activityId })).data };
  },
  activityProfile: async () => {
    await xapi.createActivityProfile({ activityId, profileId, profile: { a: 1 }, etag: "*", matchHeader: "If-None-Match" });
    const found = await xapi.getActivityProfile({ activityId, profileId });
    await xapi.setActivityProfile({ activityId, profileId, profile: { b: 2 }, etag: found.headers.etag, matchHeader: "If-Match" });
    const stale = await xapi
      .setActivityProfile({ activityId, profileId, profile: { c: 3 }, etag: found.headers.etag, matchHeader: "If-Match" })
      .catch(code);
    const now = await xapi.getActivityProfile({ activityId, profileId });
    const ids = (await xapi.getActivityProfiles({ activityId })).data;
    await xapi.deleteActivityProfile({ activityId, profileId, etag: now.headers.etag });
    return { now: now.data, stale: typeof stale === "object" ? "accepted" : stale, ids };
  },
  agentProfile: async () => {
    await xapi.createAgentProfile({ agent, profileId, profile: { langue: "fr" }, etag: "*", matchHeader: "If-None-Match" });
    const found = await xapi.getAgentProfile({ agent, profileId });
    const ids = (await xapi.getAgentProfiles({ agent })).data;
    await xapi.deleteAgentProfile({ agent, profileId, etag: found.headers.etag });
    return { found: found.data, ids };
  },
  agent: async () => {
    const person = (await xapi.getAgent({ agent })).data;
    return { type: person.objectType, name: person.name, mbox: person.mbox.length };
  },
  activity: async () => (await xapi.getActivity({ activityId })).data.definition,
};

const results = {};
for (const [name, step] of Object.entries(steps)) {
  try {
    results[name] = await step();
  } catch (error) {
    results[name] = { error: String(error.message), status: error.status ?? error.response?.status, body: error.data ?? error.response?.data };
  }
}
console.log(JSON.stringify(results));
