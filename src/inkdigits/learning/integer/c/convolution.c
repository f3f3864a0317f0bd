static void convolve(const shape *in, const uint8_t *source, const shape *out, uint8_t *target,
                     const kernel *k, const scaling *s) {
    const int inner = in->maps / k->groups, outer = out->maps / k->groups;
    for (int y = 0; y < out->height; y++) {
        for (int x = 0; x < out->width; x++) {
            const int8_t *weights = s->weights;
            for (int map = 0; map < out->maps; map++) {
                int32_t sum = s->bias ? s->bias[map] : 0;
                for (int row = 0; row < k->height; row++) {
                    const int from_y = y * k->stride_y + row - k->top;
                    for (int column = 0; column < k->width; column++, weights += inner) {
                        const int from_x = x * k->stride_x + column - k->left;
                        if (from_y < 0 || from_y >= in->height || from_x < 0 || from_x >= in->width) continue;
                        const uint8_t *from =
                            source + (from_y * in->width + from_x) * in->maps + map / outer * inner;
                        for (int part = 0; part < inner; part++) {
                            sum += (from[part] - in->zero) * weights[part];
                        }
                    }
                }
                *target++ = rescale((int64_t)sum * s->factor[map], s->shift[map], out->zero);
            }
        }
    }
}
