static void add(const shape *in, const uint8_t *source, int factor, const shape *other_in,
                const uint8_t *other, int other_factor, const shape *out, uint8_t *target, uint8_t shift) {
    for (int i = 0; i < out->maps * out->height * out->width; i++) {
        const int64_t product = (int64_t)(source[i] - in->zero) * factor +
                                (int64_t)(other[i] - other_in->zero) * other_factor;
        target[i] = rescale(product, shift, out->zero);
    }
}
