"""What PyTorch keeps in `torch.utils`: checkpointing."""

from autodiff.utils import checkpoint

__all__ = ["checkpoint"]
