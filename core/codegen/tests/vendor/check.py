"""Generated actions against the vendor's own Python SDK, for some services or for all.

For each action: random inputs, made by the SDK's models, are read, written as JSON and written as a query as the SDK
writes them; random answers by the description are read and written again without a difference; so are all documented
answers, or they are refused where they don't fit the description. The generated code compiles without a warning, and
so do its docs with the description's texts in them.

Run it by check.sh, which makes the virtual environment that it needs.
"""

import argparse
import collections
import importlib
import json
import math
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[3]
SERVICES = (ROOT / "core" / "services" / "services.toml").read_text(encoding="utf-8")
# Of all programs here, so that they share what they are built of.
PROFILE = """[profile.dev]
debug = false
incremental = false
panic = "abort"
"""

# ---------------------------------------------------------------------------------------------------------------------
# Descriptions


class Description:
    """What the vendor says of one version of one service."""

    def __init__(self, path):
        self.path = path
        self.folder = path.parent
        self.name = f"{path.parent.parent.name.replace('-', '_')}_{path.parent.name}"
        described = json.loads(path.read_text(encoding="utf-8"))
        self.service = described["metadata"]["serviceShortName"]
        self.version = described["metadata"]["apiVersion"]
        self.actions = described["actions"]
        self.objects = {
            name: [member for member in object["members"] if not member.get("disabled")]
            for name, object in described["objects"].items()
        }

    def overlay(self):
        """What tc3-services says of it."""
        path = ROOT / "core" / "services" / "overlays" / f"{self.service}.toml"
        return path if path.exists() and self.version in SERVICES else None

    def examples(self):
        """Each documented answer: the action, and the answer as text."""
        path = self.folder / "examples.json"
        if not path.exists():
            return
        for action, examples in json.loads(path.read_text(encoding="utf-8"))["actions"].items():
            for example in examples:
                yield action, example["output"]


def descriptions(tccli, wanted):
    for path in sorted(tccli.glob("services/*/v*/api.json")):
        service = path.parent.parent.name
        if wanted is None or service in wanted:
            yield Description(path)


# ---------------------------------------------------------------------------------------------------------------------
# Random values


TEXTS = ["a", "ins-1", "广州", 'a "quoted" text', "back\\slash", "two\nlines", "a&b=c d+e%", "1", "-", "é\u0001", "\U0001f600"]
FLOATS = [0.1, 12.5, -3.25, 100.0, 1e-7, 123456.789, 0.0, 1e21]


class Values:
    def __init__(self, description, seed, limits):
        self.description = description
        self.random = random.Random(seed)
        # Limits of pages are refused beyond their maximum.
        self.limits = limits
        # Whether texts are the documented ones, such as months.
        self.documented = False

    def scalar(self, member):
        kind, draw = member["member"], self.random
        if kind == "int64":
            return draw.choice([0, 1, -1, 7, 2**31, -(2**63), 2**63 - 1, draw.randrange(-(10**6), 10**6)])
        if kind == "uint64":
            return draw.choice([0, 1, 7, 2**32, 2**63, 2**64 - 1, draw.randrange(10**6)])
        if kind == "float":
            return draw.choice(FLOATS)
        if kind == "bool":
            return draw.choice([True, False])
        if kind == "datetime":
            return f"2024-0{draw.randrange(1, 10)}-11 12:00:59"
        if kind == "datetime_iso":
            return f"2024-0{draw.randrange(1, 10)}-11T12:00:59+08:00"
        if kind == "date":
            return f"2024-0{draw.randrange(1, 10)}-11"
        if self.documented and member.get("example"):
            return member["example"].strip('"')
        return draw.choice(TEXTS)

    def value(self, member, depth, answer):
        kind = member["member"]

        def one():
            return self.object(kind, depth + 1, answer) if kind in self.description.objects else self.scalar(member)

        if member["type"] != "list":
            return one()
        # Required lists must not be empty.
        least = 0 if answer or not member.get("required") else 1
        return [one() for _ in range(self.random.choice([least, 1, 2, 3]))]

    def object(self, name, depth, answer):
        fields = {}
        for member in self.description.objects[name]:
            nested = member["member"] in self.description.objects
            must = member.get("required") and not answer
            if not must and (self.random.random() < 0.3 or (nested and depth >= 4)):
                if answer and member.get("value_allowed_null") and self.random.random() < 0.5:
                    fields[member["name"]] = None
                continue
            value = self.value(member, depth, answer)
            if depth == 0 and not answer and member["name"] in self.limits:
                value = self.random.randrange(1, 10)
                value = str(value) if member["type"] == "string" else value
            fields[member["name"]] = value
        return fields

    def unlike(self, value, name):
        """The same answer with some numbers as texts and some texts as numbers."""
        for member in self.description.objects[name]:
            given = value.get(member["name"])
            if given is None:
                continue
            if member["member"] in self.description.objects:
                for inner in given if isinstance(given, list) else [given]:
                    self.unlike(inner, member["member"])
            elif not isinstance(given, list) and self.random.random() < 0.3:
                if member["type"] in ("int", "float"):
                    value[member["name"]] = json.dumps(given)
                elif member["type"] == "string":
                    value[member["name"]] = self.random.randrange(1000)


# ---------------------------------------------------------------------------------------------------------------------
# Comparison


class Misfit(Exception):
    """An answer does not fit the description, at some places."""

    def __init__(self, *places):
        super().__init__("; ".join(places))
        self.places = list(places)


def plain(description, name, value, path=""):
    """An answer's object in the types of the description, without what is null or an empty list."""
    if not isinstance(value, dict):
        raise Misfit(f"{path}: not an object")
    known, places = {}, []
    for member in description.objects[name]:
        given = value.get(member["name"])
        where = f"{path}.{member['name']}".lstrip(".")
        if given is None or (not path and member["name"] == "RequestId"):
            continue
        try:
            if member["type"] == "list":
                given = plain_list(description, member, given, where)
            else:
                given = plain_value(description, member, given, where)
        except Misfit as misfit:
            places += misfit.places
            continue
        if given not in (None, []):
            known[member["name"]] = given
    if places:
        raise Misfit(*places)
    return known


def plain_list(description, member, given, where):
    if not isinstance(given, list):
        raise Misfit(f"{where}: not a list")
    each, places = [], []
    for at, value in enumerate(given):
        try:
            each.append(plain_value(description, member, value, f"{where}[{at}]"))
        except Misfit as misfit:
            places += misfit.places
    if places:
        raise Misfit(*places)
    if None in each:
        raise Misfit(f"{where}: null in a list")
    return each


def plain_value(description, member, given, where):
    kind = member["member"]
    if kind in description.objects:
        return plain(description, kind, given, where)
    if isinstance(given, (dict, list)) or given is None:
        raise Misfit(f"{where}: {type(given).__name__} for {kind}")
    blank = isinstance(given, str) and not given.strip().strip("-").strip()
    if kind in ("int64", "uint64"):
        if isinstance(given, bool):
            raise Misfit(f"{where}: bool for {kind}")
        if blank:
            return None
        try:
            number = given if isinstance(given, int) else int(str(given))
        except ValueError:
            try:
                number = float(given)
            except ValueError:
                raise Misfit(f"{where}: text for {kind}") from None
            if number != int(number) or abs(number) >= 1e15:
                raise Misfit(f"{where}: a fraction for {kind}")
            number = int(number)
        least, most = (-(2**63), 2**63) if kind == "int64" else (0, 2**64)
        if not least <= number < most:
            raise Misfit(f"{where}: beyond {kind}")
        return number
    if kind == "float":
        if isinstance(given, bool):
            raise Misfit(f"{where}: bool for float")
        if blank:
            return None
        try:
            number = float(given)
        except ValueError:
            raise Misfit(f"{where}: text for float") from None
        if math.isnan(number) or (isinstance(given, str) and not given[-1].isdigit()):
            raise Misfit(f"{where}: text for float")
        return number
    if kind == "bool":
        if blank:
            return None
        if given in (True, "true", "True", "1"):
            return True
        if given in (False, "false", "False", "0"):
            return False
        raise Misfit(f"{where}: no bool")
    if isinstance(given, bool):
        raise Misfit(f"{where}: bool for a text")
    return given if isinstance(given, str) else json.dumps(given)


def same(one, other):
    """Equal, and true is no 1."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


# ---------------------------------------------------------------------------------------------------------------------
# Generating and compiling


class Usage:
    """Seconds and memory of a child process."""

    def __init__(self, command, **how):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.time()
        done = subprocess.run(command, **how)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.seconds = time.time() - start
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.done = done


def generate(codegen, description, out, *flags):
    command = [codegen, "--description", description.path, "--out", out, *flags]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def listed(codegen, description, *flags):
    command = [codegen, "--description", description.path, "--list", *flags]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line["action"]: line for line in map(json.loads, out.splitlines())}


def manifest(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(
        f"""[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
http = "1.3"
serde = {{ version = "1.0.220", features = ["derive"] }}
serde_json = {{ version = "1.0.145", features = ["raw_value"] }}
tc3-blocking = {{ path = "{ROOT}/blocking" }}
tc3-core = {{ path = "{ROOT}/core" }}

{PROFILE}"""
    )
    shutil.copy(ROOT / "Cargo.lock", folder / "Cargo.lock")


def program(folder, batch, walked):
    """The sources of the program that drives the actions of some descriptions."""
    manifest(folder, "tc3-codegen-check")
    source = folder / "src"
    shutil.copy(HERE / "program.rs", source / "main.rs")
    modules, calls, walks = [], [], []
    for module, actions in batch:
        modules.append(f"pub mod {module};\n")
        for action, line in actions.items():
            if line["generated"]:
                calls.append(f'"{module}.{action}" => call::<{module}::{action}>(case),\n')
                if walked and line["dialect"] not in ("none", "unclear"):
                    walks.append(f'"{module}.{action}" => walk::<{module}::{action}>(case),\n')
    (source / "actions.rs").write_text(
        "".join(modules)
        + "fn run(case: &Case<'_>) -> Result<String> {\nif case.walk.is_some() {\nreturn match case.action {\n"
        + "".join(walks)
        + '_ => Err("no such list".into()),\n};\n}\nmatch case.action {\n'
        + "".join(calls)
        + '_ => Err("no such action".into()),\n}\n}\n'
    )


def compile_all(folder, target):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "-D warnings"}
    usage = Usage(["cargo", "build", "-q"], cwd=folder, env=environment)
    if usage.done.returncode != 0:
        sys.exit(f"the generated code in {folder} does not compile")
    return usage


def document(folder, target, batch, codegen):
    """The docs of the modules, with the description's texts in them."""
    manifest(folder, "tc3-codegen-docs")
    source = folder / "src"
    source.mkdir(exist_ok=True)
    for description in batch:
        generate(codegen, description, source / f"{description.name}.rs", "--docs")
    modules = "".join(f"pub mod {description.name};\n" for description in batch)
    (source / "lib.rs").write_text("//! Docs.\n#![warn(missing_docs)]\n" + modules)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "RUSTDOCFLAGS": "-D warnings", "RUSTFLAGS": "-D warnings"}
    usage = Usage(["cargo", "doc", "-q", "--no-deps"], cwd=folder, env=environment)
    if usage.done.returncode != 0:
        sys.exit(f"the docs in {folder} have warnings")
    return usage


def drive(target, cases):
    """What the program makes of each case."""
    lines = "".join(json.dumps(case, ensure_ascii=False) + "\n" for case in cases)
    done = subprocess.run(
        [target / "debug" / "tc3-codegen-check"], input=lines, stdout=subprocess.PIPE, text=True, check=True, encoding="utf-8"
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(cases), (len(results), len(cases))
    return results


# ---------------------------------------------------------------------------------------------------------------------
# The checks


class Counts(collections.Counter):
    def fail(self, text):
        self["failures"] += 1
        if self["failures"] <= 30:
            print(f"FAILED {text}")


def models(description):
    folder = f"tencentcloud.{description.folder.parent.name.replace('-', '')}.{description.folder.name}.models"
    return importlib.import_module(folder)


def queried(parameters):
    """The pairs of a query as the SDK makes them, where true is true."""
    from tencentcloud.common.abstract_client import AbstractClient

    flat = AbstractClient._format_params(AbstractClient.__new__(AbstractClient), None, parameters)
    written = {True: "true", False: "false"}
    return {name: written[value] if isinstance(value, bool) else str(value) for name, value in flat.items()}


def same_pairs(sdk, ours):
    """Equal pairs; numbers may be written in other digits."""
    if sdk.keys() != ours.keys():
        return False
    return all(sdk[name] == ours[name] or number(sdk[name]) == number(ours[name]) is not None for name in sdk)


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def check_inputs(target, description, actions, times, counts):
    try:
        sdk = models(description)
    except ImportError:
        counts["services the SDK has not"] += 1
        return
    cases, expected = [], []
    for action, line in actions.items():
        if not line["generated"]:
            continue
        model = getattr(sdk, description.actions[action]["input"], None)
        if model is None:
            counts["actions the SDK has not"] += 1
            continue
        for seed in range(times):
            limits = {line["limit_field"]} if line["limit_field"] else set()
            values = Values(description, f"{action} {seed}", limits)
            request = model()
            request._deserialize(values.object(description.actions[action]["input"], 0, False))
            made = request._serialize()
            cases.append({"action": f"{description.name}.{action}", "input": made})
            expected.append(made)
    for case, sdk_made, ours in zip(cases, expected, drive(target, cases)):
        counts["inputs"] += 1
        if "error" in ours:
            counts.fail(f"{case['action']}: {ours['error']}\n    {json.dumps(sdk_made, ensure_ascii=False)[:400]}")
        elif not same(sdk_made, ours["input"]):
            counts.fail(f"{case['action']}: written otherwise\n    {sdk_made}\n    {ours['input']}")
        elif ours["query"]["error"]:
            # Limits within inner objects may be refused.
            counts["inputs refused by check"] += 1
            why = ours["query"]["error"]
            if "must " not in why and "larger than" not in why and why != "not by GET":
                counts.fail(f"{case['action']}: {why}")
        else:
            pairs = dict(urllib.parse.parse_qsl(ours["query"]["ok"], keep_blank_values=True))
            if not same_pairs(queried(sdk_made), pairs):
                counts.fail(f"{case['action']}: another query\n    {queried(sdk_made)}\n    {pairs}")


def check_answers(target, description, actions, times, counts):
    cases, expected = [], []
    for action, line in actions.items():
        if not line["generated"]:
            continue
        output = description.actions[action]["output"]
        for seed in range(times):
            values = Values(description, f"{action} answer {seed}", set())
            answer = values.object(output, 0, True)
            if seed % 2:
                values.unlike(answer, output)
            answer["RequestId"] = "5e1f"
            answer["SomethingNew"] = {"Later": [1]}
            body = json.dumps({"Response": answer}, ensure_ascii=False)
            cases.append({"action": f"{description.name}.{action}", "answer": body})
            expected.append((answer, output))
    for case, (answer, output), ours in zip(cases, expected, drive(target, cases)):
        counts["random answers"] += 1
        if "error" in ours:
            counts.fail(f"{case['action']}: {ours['error']}\n    {case['answer'][:600]}")
        elif not same(plain(description, output, answer), plain(description, output, ours["answer"])):
            counts.fail(
                f"{case['action']}: read otherwise\n    {plain(description, output, answer)}\n"
                f"    {plain(description, output, ours['answer'])}"
            )


def check_examples(target, description, actions, counts):
    cases, expected = [], []
    for action, text in description.examples():
        if action not in actions or not actions[action]["generated"]:
            continue
        try:
            answer = json.loads(text)["Response"]
            assert isinstance(answer, dict)
        except (ValueError, KeyError, TypeError, AssertionError):
            counts["examples that are no answer"] += 1
            continue
        output = description.actions[action]["output"]
        described = {member["name"]: member["type"] for member in description.objects[output]}
        error = answer.get("Error")
        if isinstance(error, dict) and isinstance(error.get("Code"), str) and described.get("Error") != "object":
            counts["examples of refusals"] += 1
            continue
        if not isinstance(answer.get("RequestId"), str) or not answer["RequestId"]:
            counts["examples without a RequestId"] += 1
            continue
        try:
            fits = plain(description, output, answer)
        except Misfit as misfit:
            fits = misfit
        cases.append({"action": f"{description.name}.{action}", "answer": text})
        expected.append((fits, output))
    for case, (fits, output), ours in zip(cases, expected, drive(target, cases)):
        counts["examples"] += 1
        if isinstance(fits, Misfit):
            counts["examples that don't fit, " + ("refused" if "error" in ours else "read")] += 1
            places = {place.split(":")[0] for place in fits.places}
            refused = re.search(r" does not fit at Response\.?(\S*) ", ours.get("error", ""))
            if refused and refused[1] in places | {""}:
                pass
            elif "error" in ours:
                counts.fail(f"{case['action']}: does not fit at {fits}, but is refused for {ours['error']}")
            else:
                counts.fail(f"{case['action']}: does not fit at {fits}, but is read\n    {case['answer'][:600]}")
        elif "error" in ours:
            counts.fail(f"{case['action']}: a documented answer is refused: {ours['error']}")
        elif not same(fits, plain(description, output, ours["answer"])):
            counts.fail(f"{case['action']}: a documented answer is read otherwise\n    {fits}\n    {ours['answer']}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--tccli", type=pathlib.Path, required=True, help="the unpacked package tccli")
    arguments.add_argument("--codegen", type=pathlib.Path, required=True, help="the program tc3-codegen")
    arguments.add_argument("--target", type=pathlib.Path, required=True, help="where to build")
    arguments.add_argument("--times", type=int, default=3, help="random inputs, and answers, of each action")
    arguments.add_argument("--batch", type=int, default=1200, help="actions that are compiled at once, about")
    arguments.add_argument("--walks", action="store_true", help="compile walks as well, for emulated.py")
    arguments.add_argument("--no-docs", action="store_true", help="without the docs")
    arguments.add_argument("services", nargs="*", help="names of services; all if there is none")
    arguments = arguments.parse_args()
    target = arguments.target.resolve()
    counts = Counts()
    batches, size = [[]], 0
    for description in descriptions(arguments.tccli, set(arguments.services) or None):
        if size and size + len(description.actions) > arguments.batch:
            batches.append([])
            size = 0
        batches[-1].append(description)
        size += len(description.actions)
    figures = []
    for batch in batches:
        folder = target / "codegen-check"
        shutil.rmtree(folder / "src", ignore_errors=True)
        (folder / "src").mkdir(parents=True)
        generated = []
        for description in batch:
            summary = generate(arguments.codegen, description, folder / "src" / f"{description.name}.rs")
            actions = listed(arguments.codegen, description)
            skipped = {each["action"]: each["why"] for each in summary["skipped"]}
            for action, line in actions.items():
                line["generated"] = action not in skipped
            if set(actions) != set(description.actions):
                counts.fail(f"{description.name}: other actions are listed than described")
            if summary["typed"] + len(skipped) != summary["actions"] or summary["actions"] != len(actions):
                counts.fail(f"{description.name}: the summary does not add up: {summary}")
            for why in skipped.values():
                counts[f"skipped: {why}"] += 1
            counts["actions"] += summary["actions"]
            counts["typed"] += summary["typed"]
            counts["paged"] += summary["paged"]
            counts["objects"] += summary["objects"]
            generated.append((description, actions))
        modules = [(description.name, actions) for description, actions in generated]
        for description, actions in generated if arguments.walks else []:
            if description.overlay():
                flags = ("--overlay", description.overlay())
                name = f"{description.name}_overlaid"
                generate(arguments.codegen, description, folder / "src" / f"{name}.rs", *flags)
                overlaid = listed(arguments.codegen, description, *flags)
                for action, line in overlaid.items():
                    line["generated"] = actions[action]["generated"]
                modules.append((name, overlaid))
        program(folder, modules, arguments.walks)
        usage = compile_all(folder, target)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        for description, actions in generated:
            check_inputs(target, description, actions, arguments.times, counts)
            check_answers(target, description, actions, arguments.times, counts)
            check_examples(target, description, actions, counts)
        docs = None
        if not arguments.no_docs:
            shutil.rmtree(target / "codegen-docs" / "src", ignore_errors=True)
            docs = document(target / "codegen-docs", target, batch, arguments.codegen)
        names = ", ".join(description.service for description in batch)
        total = sum(len(description.actions) for description in batch)
        figures.append(f"{total} actions ({names}): compiled in {usage.seconds:.0f} s, {usage.cpu:.0f} s of CPU, at most {peak} MiB"
              + (f"; docs in {docs.seconds:.0f} s" if docs else ""))
        print(figures[-1], flush=True)
    for name in sorted(counts):
        print(f"{name}: {counts[name]}")
    if counts["failures"]:
        sys.exit(f"{counts['failures']} failures")


if __name__ == "__main__":
    main()
