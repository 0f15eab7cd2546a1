"""A digit server as a Python user writes it: FastAPI, uvicorn, PyTorch. serve.py CHECKPOINT PRESET PORT WORKERS"""
import io
import os
import sys

import torch
from fastapi import FastAPI, HTTPException, Request
from safetensors.torch import load_file

import presets

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
    checkpoint, preset, port, workers = sys.argv[1:]
    os.environ.update(CHECKPOINT=checkpoint, PRESET=preset)
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    uvicorn.run("serve:app", port=int(port), workers=int(workers), log_level="error", access_log=False)
