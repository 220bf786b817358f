# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The locales that Debian 12 or 13 can generate: /usr/share/i18n/SUPPORTED of their packages ``locales`` (glibc 2.36 and 2.41)."""

from __future__ import annotations

from functools import cache

#: Those in UTF-8: ``de_DE`` is ``de_DE.UTF-8``; with a star the name without a charset means UTF-8, too.
_UTF_8 = """
C aa_DJ aa_ER* aa_ER@saaho* aa_ET* af_ZA agr_PE* ak_GH* am_ET* an_ES anp_IN* ar_AE ar_BH ar_DZ ar_EG ar_IN* ar_IQ ar_JO ar_KW ar_LB
ar_LY ar_MA ar_OM ar_QA ar_SA ar_SD ar_SS* ar_SY ar_TN ar_YE as_IN* ast_ES ayc_PE* az_AZ* az_IR* be_BY be_BY@latin* bem_ZM* ber_DZ*
ber_MA* bg_BG bhb_IN bho_IN* bho_NP* bi_VU* bn_BD* bn_IN* bo_CN* bo_IN* br_FR brx_IN* bs_BA byn_ER* ca_AD ca_ES ca_ES@valencia* ca_FR
ca_IT ce_RU* chr_US* ckb_IQ* cmn_TW* crh_RU* crh_UA* cs_CZ csb_PL* cv_RU* cy_GB da_DK de_AT de_BE de_CH de_DE de_IT de_LI de_LU doi_IN*
dsb_DE* dv_MV* dz_BT* el_CY el_GR en_AG* en_AU en_BW en_CA en_DK en_GB en_HK en_IE en_IL* en_IN* en_NG* en_NZ en_PH en_SC en_SG en_US
en_ZA en_ZM* en_ZW eo* es_AR es_BO es_CL es_CO es_CR es_CU* es_DO es_EC es_ES es_GT es_HN es_MX es_NI es_PA es_PE es_PR es_PY es_SV
es_US es_UY es_VE et_EE eu_ES eu_FR fa_IR* ff_SN* fi_FI fil_PH* fo_FO fr_BE fr_CA fr_CH fr_FR fr_LU fur_IT* fy_DE* fy_NL* ga_IE gbm_IN*
gd_GB gez_ER* gez_ER@abegede* gez_ET* gez_ET@abegede* gl_ES gu_IN* gv_GB ha_NG* hak_TW* he_IL hi_IN* hif_FJ* hne_IN* hr_HR hsb_DE ht_HT*
hu_HU hy_AM* ia_FR* id_ID ig_NG* ik_CA* is_IS it_CH it_IT iu_CA* ja_JP ka_GE kab_DZ* kk_KZ kl_GL km_KH* kn_IN* ko_KR kok_IN* ks_IN*
ks_IN@devanagari* ku_TR kv_RU* kw_GB ky_KG* lb_LU* lg_UG li_BE* li_NL* lij_IT* ln_CD* lo_LA* lt_LT ltg_LV lv_LV lzh_TW* mag_IN* mai_IN*
mai_NP* mdf_RU* mfe_MU* mg_MG mhr_RU* mi_NZ miq_NI* mjw_IN* mk_MK ml_IN* mn_MN* mni_IN* mnw_MM* mr_IN* ms_MY mt_MT my_MM* nan_TW*
nan_TW@latin* nb_NO nds_DE* nds_NL* ne_NP* nhn_MX* niu_NU* niu_NZ* nl_AW* nl_BE nl_NL nn_NO nr_ZA* nso_ZA* oc_FR om_ET* om_KE or_IN*
os_RU* pa_IN* pa_PK* pap_AW* pap_CW* pl_PL ps_AF* pt_BR pt_PT quz_PE* raj_IN* rif_MA* ro_RO ru_RU ru_UA rw_RW* sa_IN* sah_RU* sat_IN*
sc_IT* scn_IT* sd_IN* sd_IN@devanagari* se_NO* sgs_LT* shn_MM* shs_CA* si_LK* sid_ET* sk_SK sl_SI sm_WS* so_DJ so_ET* so_KE so_SO sq_AL
sq_MK* sr_ME* sr_RS* sr_RS@latin* ss_ZA* ssy_ER* st_ZA su_ID* sv_FI sv_SE sw_KE* sw_TZ* syr* szl_PL* ta_IN* ta_LK* tcy_IN te_IN* tg_TJ
th_TH the_NP* ti_ER* ti_ET* tig_ER* tk_TM* tl_PH tn_ZA* to_TO* tok* tpi_PG* tr_CY tr_TR ts_ZA* tt_RU* tt_RU@iqtelif* ug_CN* uk_UA
unm_US* ur_IN* ur_PK* uz_UZ uz_UZ@cyrillic* ve_ZA* vi_VN* wa_BE wae_CH* wal_ET* wo_SN* xh_ZA yi_US yo_NG* yue_HK* yuw_PG* zgh_MA* zh_CN
zh_HK zh_SG zh_TW zu_ZA
"""
#: Name/charset of those in another one.
_OTHERS = """
aa_DJ/ISO-8859-1 af_ZA/ISO-8859-1 an_ES/ISO-8859-15 ar_AE/ISO-8859-6 ar_BH/ISO-8859-6 ar_DZ/ISO-8859-6 ar_EG/ISO-8859-6 ar_IQ/ISO-8859-6
ar_JO/ISO-8859-6 ar_KW/ISO-8859-6 ar_LB/ISO-8859-6 ar_LY/ISO-8859-6 ar_MA/ISO-8859-6 ar_OM/ISO-8859-6 ar_QA/ISO-8859-6 ar_SA/ISO-8859-6
ar_SD/ISO-8859-6 ar_SY/ISO-8859-6 ar_TN/ISO-8859-6 ar_YE/ISO-8859-6 ast_ES/ISO-8859-15 be_BY/CP1251 bg_BG/CP1251 br_FR/ISO-8859-1
br_FR@euro/ISO-8859-15 bs_BA/ISO-8859-2 ca_AD/ISO-8859-15 ca_ES/ISO-8859-1 ca_ES@euro/ISO-8859-15 ca_FR/ISO-8859-15 ca_IT/ISO-8859-15
cs_CZ/ISO-8859-2 cy_GB/ISO-8859-14 da_DK/ISO-8859-1 de_AT/ISO-8859-1 de_AT@euro/ISO-8859-15 de_BE/ISO-8859-1 de_BE@euro/ISO-8859-15
de_CH/ISO-8859-1 de_DE/ISO-8859-1 de_DE@euro/ISO-8859-15 de_IT/ISO-8859-1 de_LU/ISO-8859-1 de_LU@euro/ISO-8859-15 el_CY/ISO-8859-7
el_GR/ISO-8859-7 el_GR@euro/ISO-8859-7 en_AU/ISO-8859-1 en_BW/ISO-8859-1 en_CA/ISO-8859-1 en_DK/ISO-8859-1 en_DK.ISO-8859-15/ISO-8859-15
en_GB/ISO-8859-1 en_GB.ISO-8859-15/ISO-8859-15 en_HK/ISO-8859-1 en_IE/ISO-8859-1 en_IE@euro/ISO-8859-15 en_NZ/ISO-8859-1
en_PH/ISO-8859-1 en_SG/ISO-8859-1 en_US/ISO-8859-1 en_US.ISO-8859-15/ISO-8859-15 en_ZA/ISO-8859-1 en_ZW/ISO-8859-1 es_AR/ISO-8859-1
es_BO/ISO-8859-1 es_CL/ISO-8859-1 es_CO/ISO-8859-1 es_CR/ISO-8859-1 es_DO/ISO-8859-1 es_EC/ISO-8859-1 es_ES/ISO-8859-1
es_ES@euro/ISO-8859-15 es_GT/ISO-8859-1 es_HN/ISO-8859-1 es_MX/ISO-8859-1 es_NI/ISO-8859-1 es_PA/ISO-8859-1 es_PE/ISO-8859-1
es_PR/ISO-8859-1 es_PY/ISO-8859-1 es_SV/ISO-8859-1 es_US/ISO-8859-1 es_UY/ISO-8859-1 es_VE/ISO-8859-1 et_EE/ISO-8859-1
et_EE.ISO-8859-15/ISO-8859-15 eu_ES/ISO-8859-1 eu_ES@euro/ISO-8859-15 eu_FR/ISO-8859-1 eu_FR@euro/ISO-8859-15 fi_FI/ISO-8859-1
fi_FI@euro/ISO-8859-15 fo_FO/ISO-8859-1 fr_BE/ISO-8859-1 fr_BE@euro/ISO-8859-15 fr_CA/ISO-8859-1 fr_CH/ISO-8859-1 fr_FR/ISO-8859-1
fr_FR@euro/ISO-8859-15 fr_LU/ISO-8859-1 fr_LU@euro/ISO-8859-15 ga_IE/ISO-8859-1 ga_IE@euro/ISO-8859-15 gd_GB/ISO-8859-15
gl_ES/ISO-8859-1 gl_ES@euro/ISO-8859-15 gv_GB/ISO-8859-1 he_IL/ISO-8859-8 hr_HR/ISO-8859-2 hsb_DE/ISO-8859-2 hu_HU/ISO-8859-2
hy_AM.ARMSCII-8/ARMSCII-8 id_ID/ISO-8859-1 is_IS/ISO-8859-1 it_CH/ISO-8859-1 it_IT/ISO-8859-1 it_IT@euro/ISO-8859-15 ja_JP.EUC-JP/EUC-JP
ka_GE/GEORGIAN-PS kk_KZ/PT154 kk_KZ.RK1048/RK1048 kl_GL/ISO-8859-1 ko_KR.EUC-KR/EUC-KR ku_TR/ISO-8859-9 kw_GB/ISO-8859-1
lg_UG/ISO-8859-10 lt_LT/ISO-8859-13 lv_LV/ISO-8859-13 mg_MG/ISO-8859-15 mi_NZ/ISO-8859-13 mk_MK/ISO-8859-5 ms_MY/ISO-8859-1
mt_MT/ISO-8859-3 nb_NO/ISO-8859-1 nl_BE/ISO-8859-1 nl_BE@euro/ISO-8859-15 nl_NL/ISO-8859-1 nl_NL@euro/ISO-8859-15 nn_NO/ISO-8859-1
oc_FR/ISO-8859-1 om_KE/ISO-8859-1 pl_PL/ISO-8859-2 pt_BR/ISO-8859-1 pt_PT/ISO-8859-1 pt_PT@euro/ISO-8859-15 ro_RO/ISO-8859-2
ru_RU/ISO-8859-5 ru_RU.CP1251/CP1251 ru_RU.KOI8-R/KOI8-R ru_UA/KOI8-U sk_SK/ISO-8859-2 sl_SI/ISO-8859-2 so_DJ/ISO-8859-1
so_KE/ISO-8859-1 so_SO/ISO-8859-1 sq_AL/ISO-8859-1 st_ZA/ISO-8859-1 sv_FI/ISO-8859-1 sv_FI@euro/ISO-8859-15 sv_SE/ISO-8859-1
sv_SE.ISO-8859-15/ISO-8859-15 tg_TJ/KOI8-T th_TH/TIS-620 tl_PH/ISO-8859-1 tr_CY/ISO-8859-9 tr_TR/ISO-8859-9 uk_UA/KOI8-U
uz_UZ/ISO-8859-1 wa_BE/ISO-8859-1 wa_BE@euro/ISO-8859-15 xh_ZA/ISO-8859-1 yi_US/CP1255 zh_CN/GB2312 zh_CN.GB18030/GB18030 zh_CN.GBK/GBK
zh_HK/BIG5-HKSCS zh_SG/GB2312 zh_SG.GBK/GBK zh_TW/BIG5 zh_TW.EUC-TW/EUC-TW zu_ZA/ISO-8859-1
"""

#: What every server has: nothing is generated for these.
BUILT_IN = frozenset({"c", "posix", "c.utf8", "c.utf-8"})


def normal(charset: str) -> str:
    """A charset as glibc compares it: UTF-8 and utf8 are one, and 8859-1 is ISO-8859-1."""
    plain = "".join(sign for sign in charset.lower() if sign.isalnum())
    return "iso" + plain if plain.isdigit() else plain


def parts(name: str) -> tuple[str, str, str]:
    """Language and country, charset (empty where none is named), modifier with its ``@``: ``de_DE``, ``ISO-8859-15``, ``@euro``."""
    rest, at, modifier = name.partition("@")
    place, _dot, charset = rest.partition(".")
    return place, charset, at + modifier


@cache
def _table() -> dict[tuple[str, str], str]:
    """(place and modifier, normal charset or empty) -> charset."""
    found: dict[tuple[str, str], str] = {}
    for word in _UTF_8.split():
        place = word.rstrip("*")
        found[place, "utf8"] = "UTF-8"
        if word.endswith("*"):
            found[place, ""] = "UTF-8"
    for word in _OTHERS.split():
        name, _slash, charset = word.rpartition("/")
        place, given, modifier = parts(name)
        found[place + modifier, normal(charset)] = charset
        if not given:
            found[place + modifier, ""] = charset
    return found


def charset_of(name: str) -> str | None:
    """The charset of a locale, however its name is written; None for one that Debian cannot generate."""
    if name.lower() in BUILT_IN:
        return "UTF-8" if "." in name else ""
    place, charset, modifier = parts(name)
    return _table().get((place + modifier, normal(charset)))


def places() -> list[str]:
    """Language and country (and modifier) of all, for "did you mean"."""
    return sorted({place for place, _charset in _table()})
