"""The first run that README.md shows: its program, with two generated actions, against the emulator."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess

import check

README = check.ROOT / "core" / "codegen" / "README.md"


def block(text, language):
    return re.search(rf"^```{language}[a-z,]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    for name in ("tccli", "codegen", "target"):
        arguments.add_argument(f"--{name}", type=pathlib.Path, required=True)
    arguments = arguments.parse_args()
    target = arguments.target.resolve()
    text = README.read_text(encoding="utf-8")
    flags = re.search(r"--description (\S+) \\\n\s+(--action .*) --out \S+\n", text)
    program = target / "codegen-readme"
    shutil.rmtree(program, ignore_errors=True)
    (program / "src").mkdir(parents=True)
    (program / flags[1].split("/")[0]).symlink_to(arguments.tccli.resolve().parent)
    dependencies = block(text, "toml").replace("../tc3/", f"{check.ROOT}/")
    (program / "Cargo.toml").write_text(
        f'[package]\nname = "my-program"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n{dependencies}\n{check.PROFILE}'
    )
    shutil.copy(check.ROOT / "Cargo.lock", program / "Cargo.lock")
    (program / "src" / "main.rs").write_text(block(text, "rust"), encoding="utf-8")
    command = [arguments.codegen.resolve(), "--description", flags[1], *flags[2].split()]
    subprocess.run([*command, "--out", "src/cvm.rs"], cwd=program, check=True, stdout=subprocess.DEVNULL)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "-D warnings"}
    run = subprocess.run(
        ["cargo", "run", "-q"], cwd=program, check=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    lines = run.stdout.splitlines()
    assert len(set(lines)) == 251 and lines[-1].startswith("RequestId "), lines[-3:]
    print("the first run of the README: 250 records, each once, and a call")


if __name__ == "__main__":
    main()
