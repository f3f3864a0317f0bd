static void mean(const shape *in, const uint8_t *source, const shape *out, uint8_t *target, const scaling *s) {
    const int places = in->height * in->width;
    for (int map = 0; map < out->maps; map++) {
        int32_t sum = 0;
        for (int place = 0; place < places; place++) sum += source[place * in->maps + map] - in->zero;
        target[map] = rescale((int64_t)sum * s->factor[map], s->shift[map], out->zero);
    }
}
