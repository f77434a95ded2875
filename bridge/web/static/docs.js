// Lists what the REST API can do, from its own OpenAPI description. Owns nothing else: no try-out, no library.

const root = document.getElementById("docs");

function element(name, text = "", ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

const short = (ref) => ref.split("/").at(-1);

// A schema in words: "text", "list of Seq", "Claim or Release".
function words(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return short(schema.$ref);
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map(words).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return `list of ${words(schema.items)}`;
  if (schema.type === "null") return "nothing";
  return schema.format ?? schema.type ?? "anything";
}

function table(head, rows) {
  const top = element("tr", "", ...head.map((text) => element("th", text)));
  const lines = rows.map((cells) => element("tr", "", ...cells.map((text) => element("td", text))));
  return element("table", "", element("thead", "", top), element("tbody", "", ...lines));
}

function operation(method, path, told) {
  const section = element("section");
  section.id = told.operationId;
  section.append(element("h3", `${method.toUpperCase()} ${path}`), element("p", told.description ?? told.summary));
  if (told.parameters?.length) {
    const rows = told.parameters.map((one) => [one.name, one.in, one.required ? "required" : "", words(one.schema)]);
    section.append(table(["Parameter", "In", "", "Is"], rows));
  }
  for (const [type, { schema }] of Object.entries(told.requestBody?.content ?? {})) {
    section.append(element("p", `Body (${type}): ${words(schema)}`));
  }
  const answers = Object.entries(told.responses).map(([status, answer]) => {
    const content = Object.values(answer.content ?? {})[0];
    return [status, answer.description, content ? words(content.schema) : ""];
  });
  section.append(table(["Answer", "Means", "Is"], answers));
  return section;
}

function shape(name, schema) {
  const section = element("section");
  section.id = `schema-${name}`;
  section.append(element("h3", name));
  if (schema.description) section.append(element("p", schema.description));
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([field, is]) => [field, required.has(field) ? "required" : "", words(is)]);
  section.append(rows.length ? table(["Field", "", "Is"], rows) : element("p", words(schema)));
  return section;
}

const response = await fetch(root.dataset.schema);
if (response.ok) {
  const told = await response.json();
  const base = told.servers?.[0]?.url ?? "";
  root.append(element("p", told.info.summary ?? ""));
  root.append(element("p", "Send “Authorization: Bearer <token>”. Errors are {error: {code, reason, path?, by?}}."));
  root.append(element("h2", "Operations"));
  for (const [path, methods] of Object.entries(told.paths)) {
    for (const [method, one] of Object.entries(methods)) root.append(operation(method, base + path, one));
  }
  root.append(element("h2", "Shapes"));
  for (const [name, schema] of Object.entries(told.components.schemas)) root.append(shape(name, schema));
} else {
  root.append(element("p", `The description could not be read (${response.status}).`));
}
