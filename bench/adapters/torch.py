"""PyTorch's side of the benchmark: a child process that answers the same line protocol as child.ts, on one thread.

Usage: torch.py; one JSON command a line on stdin, one answer a line on stdout prefixed with '@@'.
"""
import gc
import json
import os
import resource
import sys
import time

START = time.perf_counter()
# This file's folder must not shadow the torch package.
sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(1)
try:
    torch.set_num_interop_threads(1)
except RuntimeError:
    pass
IMPORT_MS = (time.perf_counter() - START) * 1e3


class Case:
    """A workload made ready; see adapter.ts."""

    def __init__(self, run, result, reset=None):
        self.run, self.result, self.reset = run, result, reset


def pure(fn, canonical=lambda y: y):
    def run():
        with torch.no_grad():
            fn()

    def result():
        with torch.no_grad():
            return canonical(fn()).contiguous().numpy().ravel()

    return Case(run, result)


def matmul(i):
    return pure(lambda: i["a"] @ i["b"])


def elementwise(i):
    x, y = i["x"], i["y"]
    return pure(lambda: (torch.tanh(x * y + x) * torch.sigmoid(y)).mean().reshape(1))


def softmax(i):
    return pure(lambda: F.softmax(i["x"], -1))


def layernorm(i):
    return pure(lambda: F.layer_norm(i["x"], (1024,), i["scale"], i["shift"], HYPER["normEpsilon"]))


def gradients(i, names, loss_of):
    leaves = [i[n].clone().requires_grad_() for n in names]

    def run():
        loss = loss_of(*leaves)
        return [loss.detach().reshape(1), *torch.autograd.grad(loss, leaves)]

    return Case(run, lambda: np.concatenate([t.numpy().ravel() for t in run()]))


def softmaxgrad(i):
    return gradients(i, ["x"], lambda x: (F.softmax(x, -1) * i["t"]).sum())


def layernormgrad(i):
    eps = HYPER["normEpsilon"]
    names = ["x", "scale", "shift"]
    return gradients(i, names, lambda x, g, b: (F.layer_norm(x, (1024,), g, b, eps) * i["t"]).sum())


def gelu(i):
    return pure(lambda: F.gelu(i["a"] * i["x"] + i["b"], approximate="tanh") + i["c"])


def conv2d(i):
    x = i["x"].permute(0, 3, 1, 2).contiguous()
    w = i["w"].permute(3, 2, 0, 1).contiguous()
    return pure(lambda: F.conv2d(x, w, padding=1), lambda y: y.permute(0, 2, 3, 1))


def training(i, names, prepare, loss_of, optimizer_of):
    """A training step over leaves made from the named inputs by `prepare` (layout changes outside of timing)."""
    state = {}

    def reset():
        leaves = {n: prepare(n, i[n]).clone().contiguous().requires_grad_() for n in names}
        state["leaves"], state["optimizer"] = leaves, optimizer_of(list(leaves.values()))

    def step():
        state["optimizer"].zero_grad(set_to_none=True)
        loss = loss_of(state["leaves"])
        loss.backward()
        state["optimizer"].step()
        return loss.item()

    def result():
        reset()
        losses = [step() for _ in range(STEPS)]
        reset()
        return np.array([losses[0]] + [v - losses[0] for v in losses[1:]], dtype=np.float32)

    reset()
    return Case(step, result, reset)


def adam(leaves):
    h = HYPER["adam"]
    return torch.optim.Adam(leaves, lr=h["learningRate"], betas=(h["beta1"], h["beta2"]), eps=h["epsilon"])


def mlp(i):
    x, labels = i["x"], i["labels"].long()

    def loss(p):
        h = F.relu(F.linear(x, p["w1"], p["b1"]))
        h = F.relu(F.linear(h, p["w2"], p["b2"]))
        return F.cross_entropy(F.linear(h, p["w3"], p["b3"]), labels)

    return training(i, NAMES["mlp"], lambda n, t: t.t() if n[0] == "w" else t, loss, adam)


def cnn(i):
    x, labels = i["x"].permute(0, 3, 1, 2).contiguous(), i["labels"].long()

    def prepare(n, t):
        if n[0] == "k":
            return t.permute(3, 2, 0, 1)
        if n == "w1":  # rows in the order of a flattened NCHW image
            return t.reshape(7, 7, 64, 128).permute(2, 0, 1, 3).reshape(3136, 128).t()
        return t.t() if n[0] == "w" else t

    def loss(p):
        h = F.max_pool2d(F.relu(F.conv2d(x, p["k1"], p["c1"], padding=1)), 2)
        h = F.max_pool2d(F.relu(F.conv2d(h, p["k2"], p["c2"], padding=1)), 2)
        h = F.relu(F.linear(h.flatten(1), p["w1"], p["b1"]))
        return F.cross_entropy(F.linear(h, p["w2"], p["b2"]), labels)

    return training(i, NAMES["cnn"], prepare, loss, adam)


def transformer(i):
    x, heads, eps = i["x"], HYPER["heads"], HYPER["normEpsilon"]
    batch, length, width = x.shape

    def split(t):
        return t.reshape(batch, length, heads, width // heads).transpose(1, 2)

    def loss(p):
        h = F.layer_norm(x, (width,), p["g1"], p["h1"], eps)
        q, k, v = (split(F.linear(h, p["w" + c], p["b" + c])) for c in "qkv")
        weights = torch.softmax(q @ k.transpose(-1, -2) * (width // heads) ** -0.5, -1)
        h = x + F.linear((weights @ v).transpose(1, 2).reshape(batch, length, width), p["wo"], p["bo"])
        m = F.linear(F.layer_norm(h, (width,), p["g2"], p["h2"], eps), p["w1"], p["b1"])
        y = h + F.linear(F.gelu(m, approximate="tanh"), p["w2"], p["b2"])
        return (y * y).mean()

    sgd = lambda leaves: torch.optim.SGD(leaves, lr=HYPER["sgd"]["learningRate"])  # noqa: E731
    return training(i, NAMES["transformer"], lambda n, t: t.t() if n[0] == "w" else t, loss, sgd)


def forward(p, x):
    h = torch.tanh(x @ p[0] + p[1])
    h = torch.tanh(h @ p[2] + p[3])
    return h @ p[4] + p[5]


def vmapgrad(i):
    # Per-example gradients: each example has its own (stride 0) copy of the parameters, so one backward pass gives all.
    x, y = i["x"].unsqueeze(1), i["y"].unsqueeze(1)
    shared = [i[n] if i[n].dim() == 2 else i[n].unsqueeze(0) for n in NAMES["vmapgrad"]]

    def gradients():
        p = [t.unsqueeze(0).expand(128, *t.shape).requires_grad_() for t in shared]
        return torch.autograd.grad(((forward(p, x) - y) ** 2).sum(), p)

    return Case(gradients, lambda: np.concatenate([g.numpy().ravel() for g in gradients()]))


def hvp(i):
    x, y = i["x"], i["y"]
    p = [i[n].clone().requires_grad_() for n in NAMES["hvp"]]
    v = [i["v_" + n] for n in NAMES["hvp"]]

    def product():
        loss = ((forward(p, x) - y) ** 2).sum() / x.shape[0]
        return torch.autograd.grad(torch.autograd.grad(loss, p, create_graph=True), p, v)

    return Case(product, lambda: np.concatenate([g.numpy().ravel() for g in product()]))


def last_state(i, w, u, b):
    h = torch.zeros(32)
    for x in i["xs"]:
        h = torch.tanh(h @ w + x @ u + b)
    return h


def rnnsteps(i):
    return pure(lambda: last_state(i, i["w"], i["u"], i["b"]))


def rnngrad(i):
    p = {n: i[n].clone().requires_grad_() for n in ("b", "u", "w")}

    def gradients():
        return torch.autograd.grad((last_state(i, p["w"], p["u"], p["b"]) ** 2).sum(), list(p.values()))

    return Case(gradients, lambda: np.concatenate([g.numpy().ravel() for g in gradients()]))


def hmc(i):
    size, half = LOOPS["stepSize"], LOOPS["stepSize"] / 2
    precision = i["precision"]

    def energy(q):
        return 0.5 * (q * (precision @ q)).sum()

    def force(q):
        q = q.detach().requires_grad_()
        return torch.autograd.grad(energy(q), q)[0]

    def draws():
        q, out = i["start"], []
        for p, log in zip(i["momenta"], i["logs"]):
            x, v = q, p
            for _ in range(LOOPS["leapfrog"]):
                middle = v - half * force(x)
                x = x + size * middle
                v = middle - half * force(x)
            change = energy(q) + 0.5 * (p ** 2).sum() - energy(x) - 0.5 * (v ** 2).sum()
            q = torch.where(log < change, x, q)
            out.append(q)
        return torch.stack(out)

    return Case(draws, lambda: draws().numpy().ravel())


def small_error(p, x, y):
    return ((torch.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2).sum()


SMALL = ("w1", "b1", "w2", "b2")


def vmapgrad256(i):
    # As in vmapgrad: a copy of the parameters for each example.
    x, y = i["x"].unsqueeze(1), i["y"].unsqueeze(1)
    shared = [i[n] if i[n].dim() == 2 else i[n].unsqueeze(0) for n in SMALL]

    def gradients():
        p = [t.unsqueeze(0).expand(256, *t.shape).requires_grad_() for t in shared]
        return torch.autograd.grad(small_error(p, x, y), p)

    return Case(gradients, lambda: np.concatenate([g.numpy().ravel() for g in gradients()]))


def loopgrad256(i):
    p = [i[n].clone().requires_grad_() for n in SMALL]

    def gradients():
        each = [torch.autograd.grad(small_error(p, x, y), p) for x, y in zip(i["x"], i["y"])]
        return [torch.stack(g) for g in zip(*each)]

    return Case(gradients, lambda: np.concatenate([g.numpy().ravel() for g in gradients()]))


def add16(i):
    a, b, calls = i["a"], i["b"], CALLS

    def run():
        for _ in range(calls):
            a + b

    return Case(run, lambda: (a + b).numpy())


CASES = {
    "matmul512": matmul, "matmul1024": matmul, "elementwise": elementwise, "softmax": softmax, "layernorm": layernorm, "conv2d": conv2d,
    "softmaxgrad": softmaxgrad, "layernormgrad": layernormgrad, "gelu": gelu,
    "mlp": mlp, "cnn": cnn, "transformer": transformer, "vmapgrad": vmapgrad, "hvp": hvp, "rnn": "no loop inside of a program here",
    "rnnsteps": rnnsteps, "rnngrad": rnngrad, "hmc": hmc, "vmapgrad256": vmapgrad256, "loopgrad256": loopgrad256,
    "add16": add16, "add16jit": "no jit of its own here",
}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def resident_bytes():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def read_inputs(folder):
    with open(os.path.join(folder, "manifest.json")) as f:
        manifest = json.load(f)
    return {
        n: torch.from_numpy(np.fromfile(os.path.join(folder, m["file"]), dtype=m["dtype"]).reshape(m["shape"]))
        for n, m in manifest.items()
    }


def timed(case, min_ms, min_runs, max_ms):
    times, begin = [], time.perf_counter()
    while True:
        t0 = time.perf_counter()
        case.run()
        t1 = time.perf_counter()
        times.append((t1 - t0) * 1e3)
        total = (t1 - begin) * 1e3
        if total >= max_ms or (total >= min_ms and len(times) >= min_runs):
            return times


def main():
    global HYPER, LOOPS, NAMES, STEPS, CALLS
    case = None
    inputs = None
    for line in sys.stdin:
        m = json.loads(line)
        kind = m["command"]
        try:
            if kind == "load":
                HYPER, LOOPS, NAMES = m["hyper"], m["loops"], m["parameterNames"]
                STEPS, CALLS = m["steps"], m["calls"]
                versions = {"torch": torch.__version__, "python": sys.version.split()[0], "cpu capability": capability()}
                answer = {"versions": versions, "importMs": IMPORT_MS}
            elif kind == "setup":
                make = CASES.get(m["workload"], "not written")
                if isinstance(make, str):
                    answer = {"cannot": make}
                else:
                    inputs = inputs or read_inputs(m["folder"])
                    t0 = time.perf_counter()
                    case = make(inputs)
                    case.run()
                    answer = {"firstMs": (time.perf_counter() - t0) * 1e3}
            elif kind == "result":
                values = case.result()
                values.astype("<f4").tofile(m["file"])
                answer = {"length": int(values.size)}
            elif kind == "time":
                if case.reset:
                    case.reset()
                answer = {"times": timed(case, m["minMs"], m["minRuns"], m["maxMs"])}
            elif kind == "memory":
                if case.reset:
                    case.reset()
                samples = []
                for s in range(m["runs"]):
                    case.run()
                    if (s + 1) % m["every"] == 0:
                        samples.append({"run": s + 1, "rss": resident_bytes()})
                answer = {"samples": samples, "peak": peak_bytes()}
            elif kind == "quit":
                return
            else:
                answer = {"error": "unknown command " + kind}
        except Exception as e:  # the parent decides what a failure means
            answer = {"error": f"{type(e).__name__}: {e}"}
        gc.collect()
        print("@@" + json.dumps(answer), flush=True)


def capability():
    get = getattr(torch.backends.cpu, "get_cpu_capability", None) if hasattr(torch.backends, "cpu") else None
    if get:
        return get()
    found = [line for line in torch.__config__.show().splitlines() if "CPU capability" in line]
    return found[0].split(":")[1].strip() if found else "unknown"


main()
