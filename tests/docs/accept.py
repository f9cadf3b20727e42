"""Writes the present output of every console block into the documents. For use by hand, after a look at the
diff.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from blocks import DOCUMENTS, blocks, commands, environment, run_command
from dnstide.gateway.testing import running_gateway
from dnstide.sample import write_sample


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        tables = Path(home) / "mtbl"
        write_sample(tables)
        with running_gateway(tables) as gateway:
            for document in DOCUMENTS:
                text = document.read_text()
                for block in blocks("console", [document]):
                    work = Path(tempfile.mkdtemp(dir=home))
                    fresh = "".join(
                        f"$ {command}\n{run_command(command, gateway.address, environment(tables), work)[0]}"
                        for command, _ in commands(block)
                    )
                    text = text.replace(f"```console\n{block.text}```", f"```console\n{fresh}```")
                document.write_text(text)


if __name__ == "__main__":
    main()
