// Prints what Mermaid reads in a sequence diagram, as JSON:
//
//     node read_mermaid.mjs MERMAID_MIN_JS DIAGRAM
import fs from "node:fs";
import vm from "node:vm";

// Only drawing needs a document.
globalThis.window = globalThis;
globalThis.CSS = { supports: (_, colour) => colour === "transparent" };
// What takes HTML out of the names of boxes is a function that has these where there is a document. Scopes have none.
Object.assign(Function.prototype, { addHook: () => {}, sanitize: (text) => text });
vm.runInThisContext(fs.readFileSync(process.argv[2], "utf8"));

// How Mermaid keeps `#35;` and `#quot;` until it has drawn; then it makes entities of HTML of them.
function decode(text) {
    const named = (_, name) => {
        throw new Error(`a named entity: ${name}`);
    };
    return text
        .replace(/ﬂ°°(\d+)¶ß/g, (_, number) => String.fromCodePoint(Number(number)))
        .replace(/ﬂ°(\w+)¶ß/g, named);
}

const text = fs.readFileSync(process.argv[3], "utf8");
const mermaid = globalThis.mermaid;
mermaid.initialize({ maxTextSize: text.length });
const diagram = await mermaid.mermaidAPI.getDiagramFromText(text);
const note = diagram.db.LINETYPE.NOTE;
const messages = diagram.db.getMessages();
console.log(
    JSON.stringify({
        participants: [...diagram.db.getActors().values()].map((actor) => [actor.name, decode(actor.description)]),
        boxes: diagram.db.getBoxes().map((box) => [decode(box.name), box.actorKeys]),
        messages: messages.map((each) => [each.from, each.to, decode(each.message)]),
        notes: messages.filter((each) => each.type === note).length,
    }),
);
