using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Microservices.Hosting.Tls;

/// <summary>The name of a service in its certificate: a URI among its alternative names, <c>spiffe://TRUSTDOMAIN/NAME</c> (SPIFFE's X509-SVID).</summary>
internal static class SpiffeId
{
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);

    /// <summary>The service's name; null when the certificate has none of this trust domain, or has more than one URI, as an X509-SVID must not.</summary>
    public static string? NameOf(X509Certificate2 certificate, string trustDomain)
    {
        var prefix = $"spiffe://{trustDomain}/";
        try
        {
            string[] uris = [.. certificate.Extensions.Where(extension => extension.Oid?.Value == AlternativeNames).SelectMany(extension => UrisOf(extension.RawData))];
            return uris is [var uri] && uri.StartsWith(prefix, StringComparison.Ordinal) && uri.Length > prefix.Length ? uri[prefix.Length..] : null;
        }
        catch (Exception exception) when (exception is AsnContentException or CryptographicException)
        {
            return null;
        }
    }

    private static List<string> UrisOf(byte[] extension)
    {
        var found = new List<string>();
        var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            if (names.PeekTag().HasSameClassAndValue(Uri))
                found.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, Uri));
            else
                names.ReadEncodedValue();
        }

        return found;
    }
}
