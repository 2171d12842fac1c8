"""Every run of the suite says first which of the compiled parts take part in it."""

from autodiff import compiled


def pytest_report_header() -> str:
    built = [name for name in ("core", "kernels") if getattr(compiled, name) is not None]
    return f"autodiff, compiled: {', '.join(built) or 'nothing'}"
