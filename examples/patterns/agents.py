"""The agents of the patterns: plain Python functions, as in `examples/agents.py`.

    make try BLUEPRINT=examples/patterns/routed-triage.yaml

In a product, most of them would call a language model. Here they count and compare words, so that
the examples run on any machine, without a network, and always give the same answer.
"""

import json
import re

# Triage with branches

TOPICS = {"payment": r"\b(paid|charged|refund|money)\b", "delivery": r"\b(parcel|arrive\w*|late)\b"}


def sort_message(text: str) -> str:
    """Say what a customer's message is about, and which amount it names."""
    found = [topic for topic, words in TOPICS.items() if re.search(words, text.lower())]
    amount = re.search(r"(\d+(?:\.\d\d)?) euros?", text)
    return json.dumps(
        {"topic": found[0] if found else "other", "amount": amount and float(amount[1])}
    )


def pay_back(text: str) -> str:
    """Pay an amount back. In a product this would call the bank."""
    return f"We have paid back {float(text):.2f} euros."


def track_parcel(text: str) -> str:
    """Find the parcel that a message is about."""
    return "Your parcel is at the station, and arrives tomorrow."


def write_answer(text: str) -> str:
    """Put an answer into a letter."""
    return f"Hello,\n\n{text}\n\nYour tea shop"


# Map and reduce over documents


def list_documents(text: str) -> str:
    """List the documents of a text: each begins with a line `# Title`."""
    parts = re.findall(r"^# (.+)\n([^#]*)", text, re.MULTILINE)
    return json.dumps([{"title": title, "text": body.strip()} for title, body in parts])


def summarise_document(text: str) -> str:
    """Take the longest sentence of a document."""
    document = json.loads(text)
    sentences = re.split(r"(?<=[.!?])\s+", document["text"])
    if not document["text"]:
        raise ValueError(f"{document['title']} has no text")
    return json.dumps({"title": document["title"], "summary": max(sentences, key=len)})


def merge_summaries(text: str) -> str:
    """Write one line for each document. One that could not be summarised is null."""
    summaries = [summary for summary in json.loads(text) if summary]
    return "\n".join(f"- {one['title']}: {one['summary']}" for one in summaries)


# Writer and critic


def write_advertisement(text: str) -> str:
    """Write an advertisement, or a better one if there is a remark about the last one."""
    work = json.loads(text)
    words = [f"Try our {work['product']}!", "It is good.", "It is really very good."]
    if "long" in (work["remark"] or ""):
        words = words[:1]
    if "price" in (work["remark"] or "") or "price" in (work["last"] or ""):
        words.append(f"The price: {work['price']} euros.")
    return " ".join(words)


def judge_advertisement(text: str) -> str:
    """Say whether an advertisement is good, and otherwise the first thing that is wrong."""
    remark = None
    if "price" not in text:
        remark = "The price is missing"
    elif len(text.split()) > 8:
        remark = "It is too long, but keep the price"
    return json.dumps({"good": remark is None, "remark": remark, "text": text})


# Supervisor with specialists


def look_into_stock(text: str) -> str:
    """Say how many pieces there are."""
    return "There are 60 tins of oolong." if "oolong" in text else "There is nothing of that."


def look_up_price(text: str) -> str:
    """Say what something costs."""
    return "A tin of oolong costs 12.50 euros." if "oolong" in text else "There is no price."


def plan_delivery(text: str) -> str:
    """Say when something arrives."""
    return "It arrives in three days."


# Tasks in a task


def find_offer(text: str) -> str:
    """Find an offer for a thing."""
    prices = {"laptop": 900, "desk": 300}
    return json.dumps({"item": text, "price": prices[text]})


def buy(text: str) -> str:
    """Buy what was offered."""
    return f"{json.loads(text)['item']} ordered"


def write_welcome(text: str) -> str:
    """Write to a new colleague what is ready."""
    return f"Welcome! {text}."


# Catch and compensate


def book(text: str) -> str:
    """Book something. Booked twice with the same words, it is one booking."""
    return f"{text} booked"


def charge_card(text: str) -> str:
    """Charge a card, which has a limit."""
    amount = float(re.search(r"\d+", text)[0])
    if amount > 500:
        raise ValueError(f"The card has a limit of 500 euros, and this is {amount:.0f}")
    return f"{amount:.0f} euros charged"


def cancel_booking(text: str) -> str:
    """Cancel a booking. Cancelled twice, it stays cancelled."""
    return text.replace("booked", "cancelled")
