"""Unmodified Python programs over the gateway, with the settings that it prints."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = os.environ.get("SIGNALBOX_BIN") or str(pathlib.Path(__file__).resolve().parents[2] / "signalbox")
ANSWER = "2 + 2 = 4."


class Gateway(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="signalbox-"))
        cls.env = {**os.environ, "HOME": str(cls.home), "CODEX_HOME": str(cls.home / "codex"), "LLM_USER_PATH": str(cls.home / "llm")}
        cls.gateway = subprocess.Popen([BINARY, "gateway", "--simulate", "--listen=127.0.0.1:0"], env=cls.env, stdout=subprocess.PIPE, text=True)
        ready = cls.gateway.stdout.readline()
        cls.listen = "--listen=" + re.search(r"127\.0\.0\.1:\d+", ready).group()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.gateway.terminate()
        assert cls.gateway.wait(30) == 0
        cls.gateway.stdout.close()
        shutil.rmtree(cls.home)

    def settings(self, host: str) -> str:
        return subprocess.run([BINARY, "gateway", self.listen, "--print", host], env=self.env, check=True, capture_output=True, text=True).stdout

    def run_python(self, code: str, **env: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], env={**self.env, **env}, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_openai_python(self) -> None:
        code = self.settings("openai-python")
        self.assertEqual(self.run_python(code), ANSWER)
        more = code[: code.index("print(")] + """
import openai
with client.responses.stream(model="gpt-5.2-codex", input="What is 2+2?") as stream:
    for event in stream: pass
    print(stream.get_final_response().output_text)
first = client.responses.create(model="gpt-5.2-codex", input="One.", temperature=0)
print(client.responses.create(model="gpt-5.2-codex", input="What is 2+2?", previous_response_id=first.id).output_text)
raw = client.responses.with_raw_response.create(model="gpt-5.2-codex", input="x")
print(raw.headers["x-signalbox-route"], len(client.models.list().data) > 0)
try: client.chat.completions.create(model="x", messages=[])
except openai.NotFoundError as error: print("Responses API" in str(error))
try: client.with_options(api_key="wrong").responses.create(model="x", input="x")
except openai.AuthenticationError as error: print("token" in str(error))
"""
        self.assertEqual(self.run_python(more).splitlines(), [ANSWER, ANSWER, "chatgpt True", "True", "True"])

    def test_environment(self) -> None:
        script = self.settings("env") + f'exec "{sys.executable}" -c \'from openai import OpenAI; print(OpenAI().responses.create(model="gpt-5.2-codex", input="What is 2+2?").output_text)\''
        done = subprocess.run(["sh", "-c", script], env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout.strip(), ANSWER, done.stderr)

    def test_curl(self) -> None:
        if not shutil.which("curl"):
            self.skipTest("curl is not installed")
        done = subprocess.run(["sh", "-c", self.settings("curl")], env=self.env, capture_output=True, text=True, timeout=60)
        self.assertIn(ANSWER, done.stdout)

    def test_llm(self) -> None:
        llm = pathlib.Path(sys.executable).with_name("llm")
        if not llm.exists():
            return  # it is in the other environment
        text = self.settings("llm")
        folder = pathlib.Path(self.env["LLM_USER_PATH"])
        folder.mkdir()
        (folder / "extra-openai-models.yaml").write_text(text)
        keys = re.search(r"once: (llm keys set .*)", text).group(1)
        subprocess.run(["sh", "-c", keys.replace("llm", f"'{llm}'", 1)], env=self.env, check=True)
        for more in ([], ["--no-stream"]):
            done = subprocess.run([str(llm), "-m", "signalbox", "What is 2+2?", *more], env=self.env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            self.assertEqual(done.stdout.strip(), ANSWER, done.stderr)


if __name__ == "__main__":
    unittest.main()
