/**
 * Frames of 10 × 12 voxels in the codecs of DICOM, in base64, as imagecodecs 2026.3.6 encoded them (CharLS, OpenJPEG, liblj92, libjpeg-turbo).
 * Voxel i holds 37 · i modulo 4096 in the frames of 12 bits, that minus 2000 in the signed one, 7 · i modulo 251 in `jpegLossless8`, and a smooth
 * image in `jpegBaseline`, which loses some: `jpegBaselineDecoded` is what libjpeg-turbo makes of it.
 */
const frames = {
  jpegLs:
    '/9j/6AAgU1BJRkYAAgAAAQAAAAwAAAAKChAGAQAAASwAAAEs/+gACAAAAAH/2P/3AAsQAAwACgEBEQD/+AANAf//ABIAQwEUAED/2gAIAQEAAAAAokxJ' +
    'iTEeRZDoM/iTuSJUSJGkShUCfTyJW5J1OLa0srCurIkbiqqimpKKgnp6RtwTlq1YsWK1aRNvVKlSpSpUqVCW5QoUKFCdOnUBbU6dOmTJkyZPlsTJkyZV' +
    'VVVPFrVVVVUUUUTpalFFFFE0004WkAAAAAAACP9iAEAQBAIBAIBAAP/Z',
  jpeg2000:
    '/0//UQApAAAAAAAKAAAADAAAAAAAAAAAAAAACgAAAAwAAAAAAAAAAAABDwEB/1IADAAAAAEAAAQEAAH/XAAEQID/ZAAlAAFDcmVhdGVkIGJ5IE9wZW5K' +
    'UEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAADZAAH/k9/4ljgSMrbLV/a8c+LyDapTEUXazVfrL/9/6iloDz0xCEVSWEHf+a3vLRm5tc8WQ+mqMWUxGtM4' +
    'za5Fx0nbISVxF0g7Z95OIKEkF2Emk2wS7ou3+h6VK7J0YBTSoitUnrUF6QazSVw/S/x5GzTK1ERe8vlLXSIgBAkgsBcoBxCLVYYKNB2EmIZKLbBXiltZ' +
    'RTn8pbWUU5/KW1mARkotfQbhcotfQbhcotfQBsNMTaZ81BNpichWlKJtM4rINhsNhsNhsNhsNhsNhsNf/9k=',
  jpeg2000Signed:
    '/0//UQApAAAAAAAKAAAADAAAAAAAAAAAAAAACgAAAAwAAAAAAAAAAAABjwEB/1IADAAAAAEAAAQEAAH/XAAEQID/ZAAlAAFDcmVhdGVkIGJ5IE9wZW5K' +
    'UEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAAC5AAH/k8H+KcB7TFsibL05wMRSChdfh9N/7xcvYlhRv0gd3G3roYzma7oZ/335g4K/fWWkLNYl2Z/EHJll' +
    '7SyTydY2Kkh/X6vK5K+4qbD8DKt6CCkRzwap+FFGksWS5vJSQHQH+tU5/ySBJyiCVo38tIK8xMtcLOBNN0Ln1pI2+oyRQkjKAJE/Pwial1Whp/YVVVVW' +
    'q/D+wvZpS2mJtHX23zfN83zfN9kMGw2Gw2Gw1//Z',
  jpegLossless:
    '/9j/xAAZAAEBAQEBAQAAAAAAAAAAAAAICQYLDBD/wwALEAAMAAoBABEA/9oACAEAAAYAAPtLpdLpdLpdLpdLXJcrlcrlcrlcrlc1yXK5XK5XK5XK5XNc' +
    'lyuVyuVyuVyuVzXJcrlcrlcrlcrlc1yXK5XK5XK5XK5XNclyuVyuVyuVyuVzXJcrlcrlcrlcrlc1yXK5XK5XK5XK5XNclyuVyuVyuVyuVzXJcrlcrlcr' +
    'lcrlc1y8FxwuOFxwuOFxwuOFxwuOFwD/2Q==',
  jpegLossless8:
    '/9j/4AAQSkZJRgABAQAAAQABAAD/wwALCAAMAAoBAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAwcI/9oACAEBAAEAAM/u7u7u70Z3d3d3ejO7u7u70Z3d' +
    '3wW7vkp3d3d3ejO7u7u70Z3d3d3ejPgt3d3d8lO7u7u70Z3d3d3ejO7u7vgt8lO7u7u7/wD/2Q==',
  jpegBaseline:
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkK' +
    'Cgr/wAALCAAMAAoBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJx' +
    'FDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZ' +
    'mqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AOfsJfHlxhfDvwKSP+6Wtf8A61aS' +
    '6V+0IVBX4UW4GOB5Ar1HU/jZ45h+S3ntohn/AJZ2wFZjfGv4i5P/ABO+/wDzzFf/2Q==',
  jpegBaselineDecoded:
    'ZGdrbXBzdnl7fYCChIaHiImKiYuKioqJiIaFhIKCf317eXd0cW9sbGlnZWRjYWBfX19fX2BgYmNlZWZoa21wcnV4e32EhYmLj5KVmJyfn6GlpaeqrKys' +
    'ra6trq2trKuopqajop6dm5mWk5GQjYyKiYiHhYOCgoKB',
} as const;

export const encodedFrame = (name: keyof typeof frames): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(frames[name]), (character) => character.charCodeAt(0));

export const frameColumns = 10;
export const frameRows = 12;
