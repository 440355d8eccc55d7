using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Microservices.Hosting;

/// <summary>
/// Opaque page tokens: the position after which the next page begins, bound to its list by a digest, so that a token that was
/// damaged, encoded differently, or taken from another list is refused. A token hides nothing and grants nothing: the query, and not the
/// token, decides what a caller may list. The digest has no key, so that anybody can forge a token: code that reads a position checks
/// it (<see cref="Errors.FieldViolations.PagePosition"/>).
/// </summary>
public static class PageToken
{
    private const int DigestBytes = 8;
    private const int MaxLength = 512;

    /// <summary>The token for the page of <paramref name="list"/> that begins after <paramref name="position"/>.</summary>
    public static string Encode(string list, string position)
    {
        var text = Encoding.UTF8.GetBytes(position);
        return Base64Url.EncodeToString([.. Digest(list, text), .. text]);
    }

    /// <summary>The position in a token of <paramref name="list"/>; false for anything that <see cref="Encode"/> did not return for it.</summary>
    public static bool TryDecode(string list, string token, out string position)
    {
        position = "";
        if (token.Length > MaxLength || !Base64Url.IsValid(token))
            return false;

        var bytes = Base64Url.DecodeFromChars(token);
        // The decoder also accepts padding, blanks and stray bits, which Encode never writes.
        if (bytes.Length < DigestBytes || Base64Url.EncodeToString(bytes) != token)
            return false;
        if (!bytes.AsSpan(0, DigestBytes).SequenceEqual(Digest(list, bytes.AsSpan(DigestBytes))) || !Utf8.IsValid(bytes.AsSpan(DigestBytes)))
            return false;

        position = Encoding.UTF8.GetString(bytes, DigestBytes, bytes.Length - DigestBytes);
        return true;
    }

    private static ReadOnlySpan<byte> Digest(string list, ReadOnlySpan<byte> position) =>
        SHA256.HashData([.. Encoding.UTF8.GetBytes(list), 0, .. position]).AsSpan(0, DigestBytes);
}
