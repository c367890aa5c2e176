// How islands ask the server: JSON, with the token that says that the request comes from our page.
import { urlOf } from "./places.js";

/** A refusal: `problem` is RFC 9457 problem details. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** Return the token that every request that changes something carries. */
export const csrf = () => document.querySelector('meta[name="csrf"]').content;

/** Ask for JSON; raises `Refused`, with status 0 where nobody answered. */
export async function ask(url, { method = "GET", body, headers = {}, signal } = {}) {
  const more = method === "GET" ? {} : { "X-CSRF-Token": csrf() };
  if (body !== undefined) more["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(urlOf(url), {
      method,
      signal,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...more, ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ status: 0, title: "No response", detail: "The console does not respond. Your input is preserved." });
  }
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  const found = isJson ? await response.json() : await response.text();
  if (!response.ok) {
    throw new Refused(isJson ? found : { status: response.status, title: response.statusText, detail: response.statusText });
  }
  return found;
}
