"""The agents of the example blueprints: plain Python functions.

    make run AGENTS=examples/agents.py

Each public function is a Lambda function on this machine: `find_facts` is `agent-find-facts`. A
function of one parameter gets the agent's input as a text and returns its answer. A function of two
is a handler as on AWS: it gets the event of docs/reference/agent-payload.md, and a context.

In a product, most of them would call a language model. Here they count, split and compare words, so
that the examples run on any machine, without a network, and always give the same answer.
"""

import ast
import json
import re

# Words that say nothing about what a text is about.
COMMON = re.findall(
    r"\w+",
    """a an and are as at be but by can do does for from has have how i if in is it its more most my
    no not of on or our so than that the their they this to was we were what when where which who
    why will with you your""",
)


def _sentences(text: str) -> list[str]:
    """The sentences of a text, each on one line."""
    sentences = (" ".join(sentence.split()) for sentence in re.split(r"(?<=[.!?])\s+|\n{2,}", text))
    return [sentence for sentence in sentences if sentence]


def _words(text: str) -> list[str]:
    """The words of a text that carry meaning, without endings, so that `shops` matches `shop`."""
    words = (word.strip("'").lower() for word in re.findall(r"[A-Za-z']+", text))
    return [re.sub(r"(ing|es|ed|s)$", "", word) for word in words if word not in COMMON]


def _answers(event: dict) -> dict:
    """What the predecessors have answered, by their names in the blueprint."""
    return {agent["agentUuid"]: agent["agentOutput"] for agent in event["predecessors"]}


# Research with review


def find_facts(event: dict, context: object) -> str:
    """Find the sentences of the agent's sources that share the most words with the question."""
    question = set(_words(event["subtaskQuery"]))
    facts = []
    for source, text in event["agent"]["parameters"]["sources"].items():
        for sentence in _sentences(text):
            score = len(question & set(_words(sentence)))
            if score:
                facts.append({"score": score, "source": source, "fact": sentence})
    facts.sort(key=lambda fact: -fact["score"])
    return json.dumps(facts[: event["agent"]["parameters"].get("most", 3)])


def write_report(event: dict, context: object) -> str:
    """Write the facts of all researchers as one list, the best first, each with its source."""
    facts = [fact for answer in _answers(event).values() for fact in json.loads(answer)]
    facts.sort(key=lambda fact: -fact["score"])
    sources = list(dict.fromkeys(fact["source"] for fact in facts))
    lines = [f"- {fact['fact']} [{sources.index(fact['source']) + 1}]" for fact in facts]
    notes = [f"[{number}] {source}" for number, source in enumerate(sources, 1)]
    return "\n".join(
        [event["subtaskQuery"], "", *(lines or ["No source says anything about it."]), "", *notes]
    )


def review_report(event: dict, context: object) -> str:
    """Check a report as an editor does before a person looks at it."""
    (report,) = _answers(event).values()
    claims = [line for line in report.splitlines() if line.startswith("- ")]
    cited = {source for line in claims for source in re.findall(r"\[(\d+)\]$", line)}
    vague = r"\b(some|many|often|probably|about)\b"
    remarks = [f"Vague: {line[2:]}" for line in claims if re.search(vague, line.lower())]
    summary = f"{len(claims)} claims, {len(cited)} sources, {len(remarks)} to look at"
    return "\n".join([report, "", f"Review: {summary}", *remarks])


def publish_report(event: dict, context: object) -> str:
    """Write the approved report as a page, without the review."""
    (reviewed,) = _answers(event).values()
    report, _, _ = reviewed.partition("\n\nReview: ")
    return f"# {report}"


# Support triage


# Of each topic: its words, what a reply says of it, and what we do. Of two as likely, the first.
TOPICS = {
    "product": (
        "broken defect damaged crack leak leaks wrong missing lid quality",
        "I am sorry that the product is not as it should be.",
        "A replacement leaves our warehouse today. You need not send anything back.",
    ),
    "payment": (
        "pay payment charge charged invoice refund money card twice bill",
        "I am sorry that something is wrong with your payment.",
        "We pay back what was charged too much within five days.",
    ),
    "delivery": (
        "deliver delivery arrive arrived late lost parcel package shipping track",
        "I am sorry that your parcel is not with you yet.",
        "I have asked the carrier where it is, and will write to you tomorrow.",
    ),
    "other": ("", "Thank you for your message.", "A colleague will read it and answer today."),
}
URGENT = frozenset(_words("urgent immediately today asap lawyer angry unacceptable twice"))


def classify_message(text: str) -> str:
    """Say what a customer's message is about, and how urgent it is."""
    words = _words(text)
    counts = {topic: sum(word in _words(TOPICS[topic][0]) for word in words) for topic in TOPICS}
    topic = max(counts, key=counts.get) if any(counts.values()) else "other"
    shouts = text.count("!") + sum(word.isupper() and len(word) > 2 for word in text.split())
    urgency = "high" if shouts + sum(word in URGENT for word in words) > 1 else "normal"
    return json.dumps({"topic": topic, "urgency": urgency})


def find_order(event: dict, context: object) -> str:
    """Look up the order that a message names. Fails if it names none, or an unknown one."""
    orders = event["agent"]["parameters"]["orders"]
    number = re.search(r"\b[A-Z]-\d{4}\b", event["subtaskQuery"])
    if number is None:
        raise LookupError("The message names no order")
    if number[0] not in orders:
        raise LookupError(f"There is no order {number[0]}")
    return json.dumps({"order": number[0], **orders[number[0]]})


def draft_reply(event: dict, context: object) -> str:
    """Write a reply. If the order is not known, ask for it."""
    answers = _answers(event)
    case, order = json.loads(answers["classify"]), json.loads(answers["order"] or "null")
    _, opening, remedy = TOPICS[case["topic"]]
    if order is None:
        details = ["Please send us the number of your order. It has the form A-1234."]
    else:
        about = f"This is about order {order['order']}: {order['item']}, {order['status']}."
        details = [about, remedy]
    heading = f"[{case['topic']}, {case['urgency']} urgency]"
    return "\n".join([heading, "", "Hello,", "", opening, *details, "", "Your tea shop"])


# Document map-reduce


def split_document(event: dict, context: object) -> str:
    """Split a document into parts of about the same length, between sentences."""
    parts = int(event["agent"]["parameters"]["parts"])
    # Of a Markdown document, its prose: without code, headings, tables and addresses.
    rest = r"(?ms)^```.*?^```|^[#|][^\n]*|(?<=\])\([^)\n]*\)"
    sentences = _sentences(re.sub(rest, "", event["agentInput"]))
    total = sum(map(len, sentences))
    split = [[] for _ in range(parts)]
    seen = 0
    for sentence in sentences:
        split[min(parts - 1, parts * seen // max(1, total))].append(sentence)
        seen += len(sentence)
    return json.dumps([" ".join(part) for part in split])


def summarise_part(event: dict, context: object) -> str:
    """Take the sentence of one part that has the most of its frequent words."""
    (answer,) = _answers(event).values()
    number = int(event["subtaskQuery"].removeprefix("Part "))
    part = json.loads(answer)[number - 1]
    words = _words(part)
    counts = {word: words.count(word) for word in words}

    def weight(sentence: str) -> float:
        own = set(_words(sentence))
        return sum(counts[word] for word in own) / (len(own) + 2)

    best = max(_sentences(part), key=weight, default="")
    return json.dumps({"part": number, "words": len(part.split()), "summary": best})


def combine_summaries(event: dict, context: object) -> str:
    """Put the summaries together, in the order of the document."""
    parts = [json.loads(agent["agentOutput"]) for agent in event["predecessors"]]
    parts.sort(key=lambda part: part["part"])
    summary = " ".join(part["summary"] for part in parts if part["summary"])
    return f"{summary}\n\n({len(summary.split())} of {sum(part['words'] for part in parts)} words)"


# Sales quote


def read_order(text: str) -> str:
    """Read an order such as `12 oolong, 3 kettle` as quantities."""
    items = re.findall(r"(\d+)\s*x?\s+([a-z]+)", text.lower())
    if not items:
        raise ValueError("The order names no quantities, such as 12 oolong")
    return json.dumps({item: int(count) for count, item in items})


def price_order(event: dict, context: object) -> str:
    """Price each item of an order."""
    if event["attempt"] == 1:
        # So that you see an attempt that fails, and the next one that succeeds.
        raise RuntimeError("The price list is locked by another user")
    (order,) = _answers(event).values()
    prices = event["agent"]["parameters"]["prices"]
    lines = [
        f"{count:4} {item:12} at {prices[item]:7.2f} {count * prices[item]:10.2f}"
        if item in prices
        else f"     {item}: we do not sell this"
        for item, count in json.loads(order).items()
    ]
    return "\n".join(lines)


def choose_terms(event: dict, context: object) -> str:
    """Choose the terms of delivery by country."""
    country = event["subtaskQuery"].strip().upper()
    days = event["agent"]["parameters"]["days"].get(country, 21)
    return f"Delivery to {country} within {days} days. Payment within 30 days."


def write_quote(event: dict, context: object) -> str:
    """Write the quote, with the discount that the salesperson has granted, if any."""
    answers = _answers(event)
    remarks = " ".join(agent["userInput"] or "" for agent in event["predecessors"])
    granted = re.search(r"(\d+) ?%", remarks)
    percent = int(granted[1]) if granted else 0
    lines = answers["prices"].splitlines()
    total = sum(float(line.split()[-1]) for line in lines if re.search(r"\.\d\d$", line))
    if percent:
        lines.append(f"     {f'Discount {percent} %':22} {-total * percent / 100:11.2f}")
    lines.append(f"     {'Total in euros':22} {total * (100 - percent) / 100:11.2f}")
    return "\n".join([event["subtaskQuery"], "", *lines, "", answers["terms"]])


def write_mail(event: dict, context: object) -> str:
    """Write the mail that brings the quote."""
    (quote,) = _answers(event).values()
    title, _, body = quote.partition("\n\n")
    return f"Subject: {title}\n\nHello,\n\nhere is your quote.\n\n{body}\n\nYour tea shop"


# Code review


def check_style(text: str) -> str:
    """Find what a linter would find: long lines, names that are not snake_case."""
    findings = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > 100:
            findings.append(f"line {number}: {len(line)} characters are hard to read")
        if name := re.match(r"\s*def (\w*[A-Z]\w*)", line):
            findings.append(f"line {number}: `{name[1]}` is not snake_case")
    return json.dumps(findings)


def check_risks(text: str) -> str:
    """Find what often goes wrong: bare excepts, mutable defaults, eval."""
    findings = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            findings.append(f"line {node.lineno}: a bare except hides every error, Ctrl-C included")
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(default, (ast.List, ast.Dict, ast.Set)) for default in node.args.defaults
        ):
            findings.append(
                f"line {node.lineno}: `{node.name}` shares its default between all calls"
            )
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("eval", "exec"):
            findings.append(f"line {node.lineno}: `{node.func.id}` executes what it is given")
    return json.dumps(findings)


def check_complexity(text: str) -> str:
    """Count the branches of each function."""
    branching = (ast.If, ast.For, ast.While, ast.Try, ast.BoolOp, ast.IfExp)
    findings = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            branches = 1 + sum(isinstance(inner, branching) for inner in ast.walk(node))
            if branches > 4:
                findings.append(f"line {node.lineno}: `{node.name}` has {branches} branches")
    return json.dumps(findings)


def give_verdict(event: dict, context: object) -> str:
    """Put the findings of all reviewers together, and decide."""
    sections, count = [], 0
    for agent in event["predecessors"]:
        name, findings = agent["agentName"], json.loads(agent["agentOutput"] or "null")
        if findings is None:
            sections.append(f"{name}: could not check the code")
            continue
        count += len(findings)
        sections += [f"{name}: {len(findings)}", *(f"  {line}" for line in findings)]
    verdict = "Request changes" if count > 2 else "Approve"
    return "\n".join([f"{verdict}, {count} findings", "", *sections])


# Order desk


STOCK = {"oolong": 60, "sencha": 25, "matcha": 0}
# What a person is asked for. A page that shows the question can make input fields of it.
ORDER = {
    "type": "object",
    "properties": {
        "pieces": {"type": "integer", "title": "Pieces", "minimum": 1, "default": 12},
        "express": {"type": "boolean", "title": "Express delivery", "default": False},
    },
    "required": ["pieces", "express"],
}


def count_stock(event: dict, context: object) -> dict:
    """Count the pieces of an item. This is a tool: the clerk's model calls it, with arguments."""
    item = event["arguments"]["item"].lower()
    if item not in STOCK:
        # The model is told so, and can answer nevertheless.
        raise LookupError(f"We do not sell {item}")
    return {"item": item, "pieces": STOCK[item]}


def confirm_order(event: dict, context: object) -> dict | str:
    """Ask how much to send. When a person has answered, confirm the order."""
    if event["reply"] is None:
        (stock,) = _answers(event).values()
        return {"question": f"{stock}\n\nHow much shall we send?", "form": ORDER}
    order = event["reply"]["answer"]
    day = "tomorrow" if order["express"] else "in three days"
    return f"Thank you. We send {order['pieces']} pieces. They arrive {day}."
