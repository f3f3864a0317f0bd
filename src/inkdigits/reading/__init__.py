"""From an image to an answer. Imports NumPy, OpenCV, Pillow and ONNX Runtime; never a deep-learning
framework.
"""
