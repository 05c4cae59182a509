"""Say what `import lrs` adds to the start of a bare interpreter: the median of several fresh processes; fail far beyond the bound."""

import statistics
import subprocess
import sys
import time

ROUNDS = 15
BOUND = 0.080
PATIENCE = 3  # a shared machine is noisy; three times the bound is no noise


def seconds(code: str) -> float:
    """Time one fresh interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


seconds("import lrs")
pairs = [(seconds("pass"), seconds("import lrs")) for _ in range(ROUNDS)]
added = statistics.median(after for _, after in pairs) - statistics.median(before for before, _ in pairs)
print(f"import lrs adds {added * 1000:.0f} ms to the interpreter (aim: under {BOUND * 1000:.0f})")
sys.exit(added > BOUND * PATIENCE)
