"""What can go wrong with accounts and signing in, each with a remedy."""

from __future__ import annotations

from gis.errors import BadInput
from gis.errors import GridAtlasError
from gis.errors import NotFound


class SignInFailed(GridAtlasError):
    """Name and password do not go together; never says which of the two is wrong."""

    template = "账号或密码不对。"
    cure = "请检查大小写和输入法;忘记密码请找系统管理员重置。"
    http_status = 401


class AccountLocked(GridAtlasError):
    """Too many failed attempts; the account rests for a while."""

    template = "失败次数过多,账号暂时锁定。"
    cure = "请在 {minutes} 分钟后再试,或请系统管理员重置密码。"
    http_status = 429


class PasswordElsewhere(BadInput):
    """The account's password is not kept here, or not the user's to change."""

    template = "这个账号的密码不能在这里修改。"
    cure = "统一身份认证的账号请在原系统修改密码;示例账号的密码是固定的。"
    http_status = 409


class OutsiderRefused(GridAtlasError):
    """The identity provider knows the person, but gives him no role here."""

    template = "你的账号没有使用本系统的权限。"
    cure = "请联系系统管理员,把你加入有权限的用户组(GRIDATLAS_OIDC_ROLES)。"
    http_status = 403


class AccountOff(GridAtlasError):
    """The account was switched off."""

    template = "这个账号已停用。"
    cure = "请联系系统管理员。"
    http_status = 403


class PasswordWeak(BadInput):
    """A new password does not meet the rules."""

    template = "新密码不符合要求:{detail}。"
    cure = "至少 {least} 个字符,大小写字母、数字、符号中的 {kinds} 种,不含账号名,与最近 {former} 次用过的不同。"


class NameTaken(BadInput):
    """An account of this name exists."""

    template = "账号 {name} 已经存在。"
    cure = "请换一个名字。"
    http_status = 409


class NameWrong(BadInput):
    """An account name with characters it may not have."""

    template = "账号名 {name} 不能使用。"
    cure = "账号名用小写字母、数字和 . _ - @,2 到 64 个字符,以字母或数字开头。"


class AccountUnknown(NotFound):
    """No account has this name."""

    template = "没有账号 {name}。"
    cure = "请检查账号名;系统管理页列有全部账号。"


class RolesClash(BadInput):
    """Roles that one person must not have together (separation of duties)."""

    template = "角色 {role} 不能与其他角色合在一个账号上。"
    cure = "系统管理员和审计员各自单独设账号,三权分立。"


class ScopeWrong(BadInput):
    """A scope that names nothing there is."""

    template = "管辖范围有误:{detail}。"
    cure = "写作 office(全街道)、area:辖区编码 或 grid:网格编码;编码须已导入。"


class LastAdmin(BadInput):
    """Without this account nobody could manage accounts."""

    template = "{name} 是最后一个可用的系统管理员,不能停用或撤职。"
    cure = "请先给另一个账号系统管理员角色。"
    http_status = 409


class DemoElsewhere(GridAtlasError):
    """Demo accounts, but the server can be reached from elsewhere."""

    template = "示例账号只能在本机使用,而服务将监听 {address}。"
    cure = "请先删除示例账号(script/gis user remove-demo),再从其他地址提供服务。"
