using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Microservices.Hosting;

/// <summary>
/// Opaque page tokens: the position after which the next page begins, bound to the list it belongs to and sealed by a digest, so
/// that a token that was damaged, written otherwise, or taken from another list is refused. It hides nothing and grants nothing: what a
/// caller may list is decided by the query, not by the token. The digest has no key, so that who knows it can make a token up: whoever reads
/// a position checks what is in it (<see cref="Errors.FieldViolations.PagePosition"/>).
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

    /// <summary>The position in a token of <paramref name="list"/>; false when it is not one, to the letter.</summary>
    public static bool TryDecode(string list, string token, out string position)
    {
        position = "";
        if (token.Length > MaxLength || !Base64Url.IsValid(token))
            return false;

        var bytes = Base64Url.DecodeFromChars(token);
        // Padding, blanks and bits that mean nothing are read by the decoder, but were never written.
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
