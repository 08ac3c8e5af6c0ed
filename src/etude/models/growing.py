"""A key-value cache that grows in place.

transformers' `DynamicLayer` copies the whole cache for every new token. Here each layer keeps some room ahead and
writes the new token into it, which for small models is a large part of a step. Layers of other kinds (sliding window,
linear attention) are left as transformers made them. It changes where keys and values lie, not what they are.
"""

from functools import lru_cache
from typing import Any


def growing_cache(network: Any) -> Any:
    """An empty cache for a causal network."""
    from transformers import DynamicCache

    return _with_room(DynamicCache(config=network.config))


def growing_pair(network: Any) -> Any:
    """An empty cache for an encoder-decoder network; the cross-attention half never grows after its first step."""
    from transformers import DynamicCache, EncoderDecoderCache

    return EncoderDecoderCache(_with_room(DynamicCache(config=network.config)), DynamicCache(config=network.config))


def _with_room(cache: Any) -> Any:
    from transformers.cache_utils import DynamicLayer

    cache.layers = [_growing_layer()() if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


@lru_cache(maxsize=1)
def _growing_layer() -> Any:
    from transformers.cache_utils import DynamicLayer

    class GrowingLayer(DynamicLayer):  # type: ignore[misc]
        """Keys and values of shape (batch, heads, length, width), as views into buffers with room ahead."""

        rooms: list[Any] | None = None

        def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                # Nothing is kept free behind a prompt: `reorder_cache` follows at once.
                self.keys, self.values = key_states, value_states
                return key_states, value_states
            used = self.keys.shape[-2]
            total = used + key_states.shape[-2]
            if self.rooms is None or total > self.rooms[0].shape[-2]:
                self.rooms = [_with_space(old, total + _ahead(total)) for old in (self.keys, self.values)]
            self.rooms[0][:, :, used:total] = key_states
            self.rooms[1][:, :, used:total] = value_states
            self.keys, self.values = self.rooms[0][:, :, :total], self.rooms[1][:, :, :total]
            return self.keys, self.values

        def reorder_cache(self, beam_idx: Any) -> None:
            if not self.is_initialized:
                return
            used = self.keys.shape[-2]
            self.rooms = [_selected(old, beam_idx, used + _ahead(used)) for old in (self.keys, self.values)]
            self.keys, self.values = self.rooms[0][:, :, :used], self.rooms[1][:, :, :used]

    return GrowingLayer


def _ahead(length: int) -> int:
    return max(64, length // 4)


def _with_space(old: Any, length: int) -> Any:
    """A buffer of `length` positions that begins with those of `old`."""
    batch, heads, used, width = old.shape
    room = old.new_empty((batch, heads, length, width))
    room[:, :, :used] = old
    return room


def _selected(old: Any, rows: Any, length: int) -> Any:
    """A buffer of `length` positions that begins with the chosen rows of `old`."""
    _, heads, used, width = old.shape
    room = old.new_empty((len(rows), heads, length, width))
    room[:, :, :used] = old.index_select(0, rows)
    return room
