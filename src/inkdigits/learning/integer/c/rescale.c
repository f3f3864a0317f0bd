/* A sum as a byte: times factor / 2^shift, rounded, counted from zero. The shift is written so that C99
   defines it for negative numbers too. */
static uint8_t rescale(int64_t product, uint8_t shift, int zero) {
    const int64_t one = (int64_t)1 << shift;
    int64_t value = product + one / 2;
    value = (value >= 0 ? value / one : -((-value + one - 1) / one)) + zero;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}
