"""Mistakes of files that come in, each one sentence with a remedy."""

from __future__ import annotations

from gis.errors import BadInput


class FormatUnknown(BadInput):
    """No reader knows the file."""

    template = "无法识别文件 {name}:{detail}。"
    cure = (
        "请另存为 GeoPackage、GeoJSON、Shapefile(zip)、CSV、Excel、GeoParquet、KML、FlatGeobuf、GML 或 FileGDB(zip)。"
    )


class FileEmpty(BadInput):
    """The file has no bytes, or no rows."""

    template = "文件 {name} 是空的,没有任何数据行。"
    cure = "请检查导出是否成功,再重新上传。"


class FileBroken(BadInput):
    """The file is cut off or damaged."""

    template = "文件 {name} 已损坏或不完整:{detail}。"
    cure = "请重新导出或重新传输这个文件。"


class FileIncomplete(BadInput):
    """A part of the file (of a shapefile) is missing."""

    template = "文件 {name} 不完整,缺少 {parts}。"
    cure = "Shapefile 至少要有 .shp、.shx、.dbf 三个文件,请一起打包成 zip。"


class FilesUnrelated(BadInput):
    """Several files were handed over that are not the parts of one."""

    template = "一次只能导入一个文件,现在有 {count} 个不属于同一份数据的文件:{names}。"
    cure = "请一次上传一个;只有 Shapefile 的几个部分(.shp、.shx、.dbf、.prj、.cpg)可以一起上传。"


class FileTooLarge(BadInput):
    """More bytes or rows than the settings allow."""

    template = "文件 {name} 超出限制:{detail}。"
    cure = "请拆分文件,或由管理员调大 GRIDATLAS_INTAKE_MAX_FILE_MB、GRIDATLAS_INTAKE_MAX_ROWS。"
    http_status = 413


class ArchiveUnsafe(BadInput):
    """An archive that would unpack to too much, or outside its folder."""

    template = "压缩包 {name} 不安全:{detail}。"
    cure = "请只打包数据文件本身,重新压缩后再试。"


class ArchiveWithoutData(BadInput):
    """An archive with no file we can read."""

    template = "压缩包 {name} 里没有可以读取的数据。"
    cure = "请把 Shapefile、GeoPackage、GeoJSON、CSV 等数据文件放进压缩包。"


class SourceForbidden(BadInput):
    """A path or format that would make us reach out over the network or to other files."""

    template = "不能读取 {name}:{detail}。"
    cure = "请先把数据下载成普通文件(例如 GeoPackage)再导入。"


class LayerNeeded(BadInput):
    """Several layers and none was named."""

    template = "文件 {name} 有多个图层:{layers}。"
    cure = "请在文件名后加冒号指明图层,例如 {name}:{first}。"


class LayerMissing(BadInput):
    """The named layer is not in the file."""

    template = "文件 {name} 里没有图层 {layer},只有:{layers}。"
    cure = "请从列出的图层里选一个。"


class EncodingAmbiguous(BadInput):
    """Two encodings give equally plausible text."""

    template = "无法确定文件 {name} 的文字编码,可能是:{candidates}。"
    cure = "请用 --encoding 指明,例如 --encoding {first}。"


class EncodingWrong(BadInput):
    """The given encoding does not fit the bytes."""

    template = "文件 {name} 不能按 {encoding} 解码。"
    cure = "请换一个 --encoding,例如 utf-8、gb18030、big5、shift_jis。"


class ColumnMissing(BadInput):
    """A column named in a mapping is not in the file."""

    template = "文件里没有名为 {column} 的列,只有:{columns}。"
    cure = "请改正 --map 里的列名。"


class FieldUnknown(BadInput):
    """A field named in a mapping does not exist."""

    template = "数据类型 {dataset} 没有字段 {field},只有:{fields}。"
    cure = "请改正 --map 等号左边的字段名。"


class PlaceMissing(BadInput):
    """A dataset that needs geometry came without any."""

    template = "文件 {name} 里没有几何,也没有认出经纬度列或 WKT 列。"
    cure = "请用 --map lon=列名 --map lat=列名(或 wkt=列名)指明坐标列。"


class DatumUnknown(BadInput):
    """The reference system cannot be known from the file."""

    template = "无法确定文件 {name} 的坐标系:{detail}。可能是:{candidates}。"
    cure = "请向数据提供方确认后用 --datum 指明,例如 --datum {first}。"


class DatumContradicted(BadInput):
    """The file declares one reference system, the stored buildings fit another."""

    template = (
        "文件 {name} 声明的坐标系是 {declared},但与已有楼栋相比,"
        "{better} 吻合得多(中位距离 {better_m} 米,对 {declared_m} 米)。"
    )
    cure = "请确认后用 --datum {better} 按实际坐标系导入;若确信声明无误,用 --datum {declared}。"


class NothingUsable(BadInput):
    """Every row was refused."""

    template = "文件 {name} 的 {rows} 行数据没有一行可用;第一条原因:{reason}。"
    cure = "请按剔除原因修正文件,或检查数据类型、字段对应和坐标系是否选对。"


class WordUnknown(BadInput):
    """A level, network or similar word of the command is not known."""

    template = "不认识 {what}“{word}”,可用:{words}。"
    cure = "请从列出的词里选一个。"


class FieldsUnrecognised(BadInput):
    """Not one column of a table without geometry could be matched."""

    template = "文件 {name} 里没有一列能对应上字段;它的列是:{columns}。"
    cure = "请检查数据类型和文字编码是否选对,或用 --map 字段=列名 指明。"


class FieldsMissing(BadInput):
    """A column no row can do without was not found."""

    template = "文件 {name} 里没有认出必需的列:{fields}。"
    cure = "请检查数据类型是否选对,或用 --map 指明,例如 --map {first}=列名。"


class TimesMissing(BadInput):
    """Positions without times: nobody can tell when somebody was there."""

    template = "文件 {name} 里的位置都没有时间,看不出什么时候到过。"
    cure = "请在手机或设备里打开“记录时间”后重新导出;没有时间的点不能作为走访或轨迹。"


class GpxWithout(BadInput):
    """A GPX file does not hold what was asked for."""

    template = "GPX 文件 {name} 里没有{what}。"
    cure = "轨迹点(trkpt)按“轨迹”导入,航点(wpt)按“走访”导入;请检查选的数据类型。"
