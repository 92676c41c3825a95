/**
 * Files that PyTorch 2.13.0 wrote, gzipped. `zip` and `legacy` hold the same object: every number type, views, shared and expanded storages, numpy's
 * numbers and arrays, and what else nnU-Net puts beside its weights. `typed` has a type without a storage class; `script` is a TorchScript archive.
 */
import { gunzipSync } from 'node:zlib';

const files = {
  zip:
    'H4sIAAAAAAACA61YDXhTVxm+aUt/MtYCnYOhQ3CoQaHkj7RhQEvAMLgbKwc2I4rhJrntjaRJ3uSkUDa0bjZtp5tzops6Npw/w58pKm44dXQw/6' +
    'eTiegUHTqdzj/wfz48gucnTe+9pe2z1vM8J2luz/u+3/nOd77vS9rVyipFqa1VRo0ZyixFy8WNZLe+NKFRrSm7IxUO1StbLaO3Yg8UV6SBAdI6' +
    '3ZnJ7Yju1JOdBs3DEY9nUik9TpOZdN55fS6h5/TE2mScOlGxiKDSFalkqA6fF1VxmmFKTdECTabyzmhOjxWSqUSU6ul8Jhft9joxzeWK1LDleb' +
    'ZS69RRLSHOcCqj0c3yoRM1EQdb40atoI5nC6hT51A4N6mKWqFWqlX9uESdrlapjn5MHzS4GZdS1BM0RJgXlO6kvhMzDKZlVBs1Rq0h0DM3MQDD' +
    'FjGLI4tolMjLKF5GcHnEyZA0p6Xz2UxeT2C2HT+Hq1dz/BWqQ60uYq7Ev5ziFQRXRrjv9V1ZLZ1g6HnDaLETD17JOCoo5nOOSrWiiAXsD2bDqy' +
    'THVRQLCV4tPRnw4zUSXnLO2kwhltLL3nmt4PTCJTkXCa/04XWqow+vl3yLKZYQNEk+TwBLLXzXaKmOMptbsPngYWyVFF5hYR98nM0v2ZZRBAia' +
    'hW9jnK7FQhcSh+cJlCmDgtKP5ZLy6hLlCk65UlKuomglaBMGJtmGV1sYr82kO8tsIcG2DGsYm4NiLWNbtEiyvIEiTLBOsrAAvMbCsj49ElHrBU' +
    'kAGySJyk1i1lzLX66TZBspridol2Rsk5ssZJuNTG6Ejgi6ZmyWR7CldAQ3cLobJd0bKSIEb4pUcLoWbLWwrTG0XJnszYKsBW+Rtm0r2fZW/hKV' +
    'ZNspNIKYICu0IG71fw8dCY6EIAtCl2QdJbJO/mJIsiTF2wh2yOPMZFJIWenYozJdl5D0uJGWO82UdprlfJB8OYo8AY1M4xegK0t7UChHv0B70M' +
    '3QCsVOjlb4Fdolr2CPZNhNcRPBzZE6tjqr5bQuneo57BkjnZRXOPF2q5AX75Db7i1t+5385RYpcivFuwj6BsSHYj/6CQYK4rRTmU4M7sFtLuGS' +
    'VCafx7u34T2ueLrQle1pisYzOb2pq5CiSS2X03qc+biW0pj67XKBM0F7ssxXdwgjOvx47+BAP+4keJ9LrRTHsQJ3bdy4ccMFNsQL98X7Y3FGnN' +
    'Djeaee5n84sVfos9GKD0SquSkaTaY9+GARdxPcU8SHCD5s3G6UhFrwES50L8E+JmSMlrgvZuwVaU2OY4eOHsH9BmPbT/DRIh4g+Jgu7Evj42Va' +
    'Fquf4LSfJHjw4rQHOC3PdpUlYnyKk36a4DNFfJbgIbGNjpTWic+VaWMefJ7THiT4wrBbbsYXR5F/iZPzfzpwiLN+meDhIh4hOCxYDZa68JURH3' +
    'jxKGf9KsHXLm7s1zkfX8ry0WOc8AjBUBGPExwtiIgVR4pjY501i7o4q3s0V+AF74nSiacT8r/4hqr04Zslk2P4Flf4NsF3+vFdgu+5WKFg9aqI' +
    'J4ed68X3ub0/IHjq4vb+MDbI2KYLvzqUCubjKmWaguOc+GmCH1GciIkK2sHyEatW+LHxhCGsOGkw1Z8Q/LSs+oyxb4CReUb1BLVtpYg42FpqEk' +
    'oPlNL7ZW34GVf8OcEpil/ERDQm9O5kXMcvS3lCfnTiWXEw8UJCw2l+p39F8GvhWXEt8FxpeYcsEk78RqzPJ3fr+O1wcmUfnHie213E7/rwe4IX' +
    'xCptl57HH/hdViv68UfxLJ1J6/jTRnFzY8lO/Pm2uuF9tQndGMuHefyF7VwE6LEjOMP3cpbgr+JJXqf4Wzwa5dmE3a9o1MmeOPH3bfiH6tD68E' +
    '+Cfwklqu+i+Lfwdmfu2MPH7tfxolqzDf9xDQyua31Rasrjy850KHqhqV2tqX2w8dB165hJfLaP2ZbNVvzltqyJnWWXRqPdei7PmqxwyG3rziYe' +
    'Hq78yJlTt4qro4ynPFdpHlEu9WFRLZXsTHfpaRoO+V6yOBsBPzegdSde4GFeMa4BM5XWsgH8rDK8pQyHrp6M7vBIJSlN6dyGvpXPXcGjtXpcG+' +
    'qVVZaueKk7HFo+BQMka2+rvEJtbPayuZ/NITZP82u1ml0zNuez6Wazjc12NrezmWWzl80BNu9k8x4297N5gM2DbB5ezXd2y+pT6e2MaPsEO1to' +
    '3ZknHJqvTGz/ELd9iOssX/zsk5y4dgKdFVYdbzjUMmkPzlmydsu5BXXDaaiX23HO275ghvgGM74dfqsdvsncn46mCzc5hOr+M/fGJxE//qnFT2' +
    '/r+qEN4Prn/7vw5CT0l/0/4lee/zNXhs9P4vwDUzn/cyyJcu0Dxr4sT71VE2i3WbWbw6EVU0kfW0+cr1G4/lPB5K5J6LdMVV+E3kOpR1snzt/1' +
    'yhqreDAcap2SOBvC+Yz8wsT6DUrIlmBY7lw1RQMcwvuPXXU0Yq0fykUNWG0zgKW4lVMzYLztNtrUWKJrUEbdn9NtfAfbu56vmzh+GkwVsFz0p1' +
    'T/fE6ufvy+zhsmrr/zFO9IAyC2lNdzSdYB7Nb4bzzRZCIcanqJxrgDQbfPH3QHg80tPo/f72te5nb7mn1eT0sw6HH7m/0ef8DjCXAro2fveNzF' +
    '7HAJKx2iOR+209w8zRhluf13LDva3ADNtiDvrlPGarfsJOYmZq61cXEq43ROdh5zIzLTwnOXiafcANnh5mpfb4Fffoli613sWHMFt2LP2rEeO9' +
    'Zcda1Y/q3EWvHtWHPttGJP27E+O9Zc96zYGy+1Yf12rLliWbEn7dhldqy54tj2W2/DBuxYc7WwYk/Ysc12rDnZW7FbGmzYFjvWnKit2ON2bNCO' +
    'NefYBgt20wx7bJQD6+Jp2DyeHgUeFVnm3GgFt820g0eFljm1WcF7TeAxrrQ548yzgGfNUibIhe1qdfXi4cxZuaSMbLS9P1D67ebwLPnOcPyLo7' +
    'K1lIhkUZ1WLTGNYr1c+z/IvTm4vBcAAA==',
  legacy:
    'H4sIAAAAAAACA32WCZgcRRXH59rdbJNAQNTgGTxwgrLuzE52ZxXdDcRA0rAkFY5BXYeentrtgdnu+XfXbLJAdBR3djceoAKiAgl4ReUICIhnIq' +
    't43yh4x1u8b8H4GV5V9UyYpWN/3+vprq75/V+9evWqGomdRvW/1294dPXFezaf0NdInP1wku47EEsXVsZisZrvCc/2qsVp7gcVz0WcOhRW0Jdq' +
    'RYgqL3K3XLFcJOYLBjWKmRovBpVLeYDkDqTShS5qDBzPF+gyE4UkvVVcgW4zVUhJhudOosdM1estzWOo1eVim+dfUtzGK5OOCBC3yYEqtwXpB8' +
    'Y5fpn7vLy+YgsDiTUMybTiTgxkkbKF59tOX7EuKtXAKPq8VK9Uy0XB3cDzi9NZA13pdKFHOkU9rUmObv0XY0PVs8RW3Wigp3A09RnO9a8dHhrO' +
    '9Ofz2Xwey5SOXauj11w1JmBsMWNmwkyaqTkcZS43U2Z8DssXHOnUCoGjGY5Ro5yu8G1Y6ZCy0+1Eko91NPG4LQQhXhNPkrQmjte0Jws8heGpOs' +
    'S+5QY1L+BlrPp/zBNC5tOkl92S+XQzbnY38QzNfKbAsxieXVhGf+Xba5ZbJuLqSGKmfzDX348TiZgg4nMkMWkmmnguPZCXz9PE5wucxPACPRuD' +
    'OaQ1LAzweq9eqvJ2hNcsUVg7MDSIk0OFF6rIzuJFZnwWp2h6n8CLGfo1PTOITAf9TKs60WZnl7KzlBsDxE4SO6e8n8VayR7U7CGBPMOwmq2ShL' +
    '+kA36aSo7MYFvgpY8T6M/lhjI5CvipocDLQoGXS4ERLTAqsI7hNL0AKDSnd/DPomXQZq/vdD43kFmbxSuIHSf2BmKvWaOZZwicybBRM2mAmzqY' +
    'G93D2WwuRWbJhbNC5NnSXfJ0TN7O0ejNAlsYmEZTOLZ2oLfK9dyGn9sJp1zJ5nBeOJHnhxN5gYQXNPxCgVcyvKqQkPA8Xt3BPt2x/DZ6fAl6YJ' +
    'CG+ZrQ72Lo90XyZml0ScBmKCt0PQ/eOYsz4nD6TSz1OkPpNxminRBdkbeLNfoSgSrDlE4Rz6vC7YRTUxvuLcm/fJ78roUhQRgSX8IDDRcCdYZp' +
    'VS35VE3MYNsRFuJwbiiL7YSKEWpGomJyaV+qy8VlGne5wA6G1xZ6ZQG3fGuKC+7jdUcoju0eBhpHUB0ayuXw+jA6bwijc4W8vVErzgo0Gebm1c' +
    'v8HBYYdtZV+lS9SbxpB96cDgt+EOAt43hr2nbrU7WZvqLt+bxvql4VFcv3rRkjsK2qRa5cqTsYZbmlGLhKzelEDm9bIPzbGd6RNpOFOLWdiqvH' +
    'xsY2HaJL3cyYwDUlm8BlbgcGd+WDgWuVPl0jeGehW7piiYqbwXVNvIvh3U28h+F650onFMrjBil0I8MuEnKeKLG75Fyr6rG+Fu+6bx9ucoh2M8' +
    'N7m3gfw/u58s/FB9pYSvcPSuwehg9FYz8ssbIkJ0MwPiKhtzDc2sRtDLerYUxUrUnsbWNLGdwhsXcyfLQVlstx1xPgd0u4/BjHPZL6MYZ7m/g4' +
    'wycU1aEaik8ejkEWn5LUTzN8JtrZfZInu8Zy2C+Bn2W4r4lFhs/VVS6rKcXnjzTXlII2benCr8u9/P5wxt2y/oovmLFZfDF0uYQvSYUvM3xlDl' +
    '9l+FqadjPafJv4eiu4WXxD+vtNhm9F+/vt0gLRlqu4xmMJinEq1hXDdyT4AYbvCnyvpA4HE1TgaJvFg879jvLiIYdUv8/wg7bqD51d8wTLxJZe' +
    'y0bDjNg7oh9Whg2x8Pf4UfxIKv6Y4ScCPy2pbCzz6YrNcSAsJ/rVwM/UxNj1soWfywX+C4ZfqsiqZYFfhd0n9P5k4NeqvzyA4Tetak0vBn4r/W' +
    '7i4Vn8juH3qpe1nU5pf5Br2UzM4Y+qzfVcjj+NqZVbqkzizzt7W+MaVbolKqIB/kIjVwm6uA9/lWP5G8PfVUvABf5hF4uytND6KhYNajHwz3H8' +
    'y4xbs/g3wyNKSfDtAo+qaE/6i/cs7uL4j9kzjoPp+YUzRh7Rmnr6asfGY1yeEMflCTFi541HnX8SUYeAZNSpIxV12OmKKoHdUYU9skQvi9pfeq' +
    'O2SiNqkzsq6hCwPGobX8H7WqWiMbJx/yas6sjGxohOvFGyBtlusv1kB2QyrqPkJFtN1k82SraZ7CKyGlmDbJ7sKrLryHaT7SHbS3bvupbqRN+h' +
    'y+KNRPi26pT15x48sbeV8u12UpWe7I+33w+Mtr4dbms9HWp9euB/Pe3GRrxzobVZBylJHgN82I8NyAwAAA==',
  typed:
    'H4sIAAAAAAACA6WVy27TQBSGx07qBJfmUi4pReqClUGQ2rk4CYhWspA3XjQEVYrYWK4zJBaunXEmKa2EhFRl0YeAF+ABeAukSogFQmxYsWKLxI' +
    'aZOE1tR0mAjGSNEs3/n+/MOceua7E4AMkkmFoZsA4Mz+xYA7jdMrCR7760VSUFnofWG/Y1AkKTIYIjxJjYJYq83seW3eN1Dx70LbulY+j0XE8f' +
    'FHjECkIzQQ73yEmjDVHMl/DKMYbP/P94FB/5iWilGSO72e0jTmMxSjzVgMYOUVJjhujKmWm6tg1NbLlOj9/zWtCDrSeWiXnE322gVYyuNtDayG' +
    'mAUgvIijxKC0JnTJMf0/H7Dj7uwtYELDOyk1C2w2lxjNbHQNco0PWzDo17Y5xQ33KwJPPoJka5Btro5+taIundfrtxj1jQpz7z5nMgO7n5/AvX' +
    'OzSwPoBejySqKmvhAkjU9sPPr6cUjD6zbTdB5dJ2nKFu2FbbOYQOVpVipLR/teQSBdg9Qj9YEoKdC5AFuxOAA1Jvl9ZMVR79T9yLZVsY25AyDB' +
    '9/v8WRKNxchhTYCXX1tqgqD5cAAAyNbd35Ji/OPwWUcGxJVXaWSZ4shsSkBL+/fHxPwoL4XIJ0oAKTjlrq/os8jX7+rr2/OP8tULhswNEF9KBn' +
    'kQ48MegQ61ZLVfL/CCOWZUkSq+VCUZZqckUsF2olUawUSxW5WhTlkliuFmS5VqCUr073cgLhEEaUDIWdcAYnMzNFHn0PRtXBAcyFlCcMmDXLUZ' +
    'PgEG2GTM6DJlOTG/UJDkI25NNgwfQARuXBXk6F5J9ZEJmdqDbYhWFtIxbRSlFtsIfSIe2ngHbG3QVLuxUOHAcLmq6ucdz9ixaNPZgok5F9lfX3' +
    'X3F/Jzr6JQOxhP/bf/uucL4mOTrvn/0DzotzYmUHAAA=',
  script:
    'H4sIAAAAAAACAwvwZmZhYODgYMAAfAwiDIlFyRmZZan6KYklifoGbk4CDFFogCHk6+4Ab3aOHrXOeqBBDCAcgMdMB1QzDd2cbDDMJAXEhXDag+' +
    'yfur2djbD9Agx2KPbrFWTnuDlZUeCCBqbk+PiSfKCZ8fF6YFovL08vNz+lNCe1WC8nMy81sYjLB0IVMmg21mpEsAEdUp6amZ5RUsiYDNESX1qS' +
    'mVPMFV+UmlSamZMSX5KaV5xfFF9mxFXIpKERwQ7UUQxUmZieWsgM0cLllpOfWBIMEeQqZIlgBKoxKGSNYAbSyQWlhWzejCWBhezeDBrejEAmhO' +
    'xITs7PyUlNLsnMzyvm8i9KSS1KTXHJTC7hKuTQDCoJKuSMAAVgUmZicSFXBtDqDOYMiNGGhdwZECN5wEaCDCzpyIDo4o0AhXVJUWJmXmZeeiFf' +
    'R4QYkB+fWRyfVpqTE5+UmJxdnliUEp+Rn59dyO9XmlQooAeKNPPNf95YAk0HYVCkiQAjDTPWDBk04JGWnJ+Sqg8PcH0wrZ+Xpw8NcH1IgOsVVL' +
    'o5qRAVq7UBu/MOG/Dc+Szaoi5dwFpiOqFv7i2/m00OE3K1xBYFtMlx/Pq+NGP7iymdT+5+/DFjjyennczCzrfpM7qP51kwZOydlfFuhqHa2occ' +
    'z581vtv1ZFl7Wola4Z6OPJ1r/zq1trxMaBAO4po4cdX/+OcZMpa7jMzaHqzu9b4l9v5rxrLbh49E6ivemfGfq2X5e9HIxx7RJjtd1qS97+uxtz' +
    '4lPu/3qRKNn5r2i1mlk0zzhausP7yzPJJ5McozxOWVnrzHqdPOV75Nn7f79Y+tT+4rW1VU3r7seOPvC+WQ7K2hTifeWscUMyp/msVy+0ZumPa/' +
    'v3lXvOPLfzCCwlx1oVX6W2Cozscb5tYMWqSHuV4KMPmmx4PzlBqRecrX97TXYQeRuV8eKv9ifCezy2vh3I07BHYJRG2IOqZ1pOGmh8fkTGOzuW' +
    'e0p+mJFE7e/yHa10l7753TtXOK3/3M+yHO0HBys7V05cHXV6o54mzKf5XIVyz++HguS1/8IYeof6E3EyQNYw+4LjNb2CXre9mV30ivyLhF7qlV' +
    'cOyN/Xd7naPN/nyeu6bLb3ny6WX1lQVFxesWer74pyqy8NqJabr/nzUsXXFStF14ipGf89MrfbYRNxfzpp5O2X8mcsXubTm/Hwf1no1KcFx5yS' +
    'K1WGeb2skfplI8G9LavrlKrD2kevVGipaXwfOKuUcrvbTLnjYdCZOTrPRxCDG+YG2sIaATtfTKvOc6vczHfE9t2fi08/OzgMdCDg6K/q/Dnr25' +
    '7KXVErHEcVbqVo4VEbmfgj1m10xY3xRx9M11r3+qrTbaF+RB0cidXtpoAozCqYz4yjtRBk6kaMwrLknMKymGFHqsDNDySxOcFXP1OcMJl5/8DP' +
    'Zw88pSi4qBxYibkzUlBbgxF8j2i/PSQ5mA5jPhtV0QyfakypLUfFD5RaH9OZklJTmpIDe02j6WBBXNbHjdIMegB3eDHrgKK04tykzMyaxKBBWq' +
    '8Zkpbk5aJDjI0MjY3MDAzMTY0tDc2NDY3MLMwNTAyNzMzMzCxNLcyNjEwsLEwMjUFOTCrmqVGxpAN2iAXcgICiy4G5HrXz4MV6PW4+h6ketOVL' +
    '0h6HoN0fUiF+ECKHqvoOkFJTuIbkSRg1wYGaLo7mRiIL0AQjceOZNYoxj/l5mBkvINPRSQc48oikVHWBmw50B0I5CzAD+KESJsDOiZDl0zctoV' +
    'RNE8CUkzPM+ga0dOWHIo2sXYGQgk9wBvNjYdWOZg1oXr5ESjO5kg9A52CA3UB2Y5ckH4jGAxVjaIHk6weohaANLTJ0ijCgAA',
};

export const torchFile = (name: keyof typeof files): Uint8Array<ArrayBuffer> =>
  new Uint8Array(gunzipSync(Buffer.from(files[name], 'base64')));
