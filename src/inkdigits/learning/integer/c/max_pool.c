static void max_pool(const shape *in, const uint8_t *source, const shape *out, uint8_t *target,
                     const kernel *k) {
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            const uint8_t *first = source + (y * k->stride_y * in->width + x * k->stride_x) * in->maps;
            for (int map = 0; map < out->maps; map++) {
                uint8_t most = 0;
                for (int row = 0; row < k->height; row++) {
                    for (int column = 0; column < k->width; column++) {
                        const uint8_t value = first[(row * in->width + column) * in->maps + map];
                        if (value > most) most = value;
                    }
                }
                *target++ = most;
            }
        }
    }
}
