#!/usr/bin/env python3
"""A digit server as a Python user writes it: FastAPI, uvicorn, PyTorch. scripts/measure/serve_load.sh runs it.

Needs torch, safetensors, fastapi and uvicorn. Serves until it is stopped.
"""
import io
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from common import Parser, count  # noqa: E402

if __name__ == "__main__":  # before the imports that take seconds, or are missing
    parser = Parser(__doc__)
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("preset", metavar="PRESET")
    parser.add_argument("port", metavar="PORT", type=count)
    parser.add_argument("workers", metavar="WORKERS", type=count)
    args = parser.parse_args()

import torch  # noqa: E402
from fastapi import FastAPI, HTTPException, Request  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

import presets  # noqa: E402

app = FastAPI()
if "PRESET" in os.environ:  # in a worker
    torch.set_num_threads(1)
    model = presets.PRESETS[os.environ["PRESET"]]()
    model.load_state_dict(load_file(os.environ["CHECKPOINT"]), strict=False)
    model.eval()


@app.post("/api/predict")
async def predict(request: Request):
    if request.headers["content-type"] == "image/png":
        from PIL import Image
        image = Image.open(io.BytesIO(await request.body())).convert("L").resize((28, 28))
        x = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).float()
    else:
        pixels = (await request.json())["pixels"]
        if len(pixels) != 784:
            raise HTTPException(422, "expected 784 pixels")
        x = torch.tensor(pixels, dtype=torch.float32)
    with torch.inference_mode():
        probabilities = model(((x / 255 - 0.1307) / 0.3081).reshape(1, 1, 28, 28)).softmax(1)[0]
    label = int(probabilities.argmax())
    return {"label": label, "probability": float(probabilities[label]), "probabilities": probabilities.tolist()}


if __name__ == "__main__":
    import uvicorn
    os.environ.update(CHECKPOINT=args.checkpoint, PRESET=args.preset)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    uvicorn.run("serve:app", port=args.port, workers=args.workers, log_level="error", access_log=False)
