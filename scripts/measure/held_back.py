"""Networks for rows that they have not seen: trained on all of a Kaggle training file but its last tenth."""
import subprocess
from pathlib import Path


def split_last_tenth(data):
    """The lines of a Kaggle training file but its last tenth, and those of that with the header."""
    lines = Path(data).read_text().splitlines(keepends=True)
    split = len(lines) - len(lines) // 10
    return lines[:split], lines[:1] + lines[split:]


def train_without_last_tenth(digitrec, data, config, folder):
    """Trains `config` into folder/run; the rest of the rows is folder/held.csv."""
    learnt, held = split_last_tenth(data)
    (folder / "train.csv").write_text("".join(learnt))
    (folder / "held.csv").write_text("".join(held))
    print(f"training {config} on {len(learnt) - 1} rows", flush=True)
    subprocess.run([digitrec, "train", "--config", config, "--data", folder / "train.csv", "--val-fraction", "0", "--patience", "0",
                    "--out", folder / "run"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
