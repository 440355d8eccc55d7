using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Microservices.Gateway.Bff;

/// <summary>
/// The cookie of a browser that has logged in. It is 192 random bits and their MAC, so that what somebody makes up is refused without asking anybody; Identity knows the session by
/// its hash. The prefix <c>__Host-</c> keeps other hosts of the same domain, and pages without TLS, from setting it; browsers take it from http://localhost as well.
/// </summary>
internal static class SessionCookie
{
    public const string Name = "__Host-session";

    private const int RandomBytes = 24;
    private const int MacLength = 43;
    private static readonly int RandomLength = Base64Url.GetEncodedLength(RandomBytes);
    private static readonly CookieOptions Options = new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true };

    /// <summary>A new one.</summary>
    public static string New(BffKey key)
    {
        var random = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
        return random + key.Mac(Name, random);
    }

    /// <summary>Whether the gateway, at whichever replica, has made it.</summary>
    public static bool IsOurs(BffKey key, string cookie) =>
        cookie.Length == RandomLength + MacLength && key.IsMac(cookie.AsSpan(RandomLength), Name, cookie[..RandomLength]);

    /// <summary>What Identity knows the session by.</summary>
    public static string KeyOf(string cookie) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(cookie)));

    /// <summary>The one that a request has; null for none.</summary>
    public static string? Of(HttpContext http) => http.Request.Headers.Cookie.Count == 0 ? null : http.Request.Cookies[Name];

    /// <summary>Gives it to the browser, until that is closed.</summary>
    public static void Give(HttpContext http, string cookie) => http.Response.Cookies.Append(Name, cookie, Options);

    /// <summary>Takes it away.</summary>
    public static void Take(HttpContext http) => http.Response.Cookies.Delete(Name, Options);
}
