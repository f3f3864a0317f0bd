"""The few errors a caller of inkdigits can meet. Each message says which input, what is wrong, what to do."""


class InkdigitsError(Exception):
    """Base of every error that inkdigits raises on purpose; the command line prints it without a
    traceback.
    """


class InputError(InkdigitsError):
    """An image, page or array that cannot be read: not an image, truncated, empty, encrypted, wrong dtype."""


class LimitError(InputError):
    """An input beyond a limit on bytes, pixels or pages; the message names the flag that raises the limit."""


class WeightsError(InkdigitsError):
    """Exported weights or their card are missing, damaged, or made for another version of the normaliser."""


class DataError(InkdigitsError):
    """A training or evaluation data set is missing, damaged or of an unexpected shape."""


class RunError(InkdigitsError):
    """A run folder cannot be used: of another model or data, without a whole checkpoint, or already
    finished.
    """
